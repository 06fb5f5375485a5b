"""Who renews a certificate."""

from enum import StrEnum


class Renewer(StrEnum):
    """Where nobody has said it, there is none: None, or an empty text."""

    PROVIDER = "provider"
    CLIENT = "client"
    AUTOMATIC = "automatic"  # the server does it by itself, for example by ACME
