"""Who renews a certificate."""

from enum import StrEnum


class Renewer(StrEnum):
    """None, or an empty text, where it is not said."""

    PROVIDER = "provider"
    CLIENT = "client"
    AUTOMATIC = "automatic"  # the server does it by itself, for example by ACME
