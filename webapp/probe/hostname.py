"""What a person typed into a Domain field -> a host name that can be asked for, or a typed refusal."""

from __future__ import annotations

import re
from enum import StrEnum

import idna

MOST_CHARACTERS = 1000  # of a host as typed: longer than any name in any script, and quick to map
_SCHEME = re.compile(r"\A[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PORT = re.compile(r":[0-9]{1,5}\Z")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
_NUMBER = re.compile(r"([0-9]+|0x[0-9a-f]*)\Z")


class Refusal(StrEnum):
    """Why a text is not a host name that can be checked."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    ADDRESS = "address"
    SINGLE_LABEL = "single_label"
    BAD_CHARACTERS = "bad_characters"


class NotCheckable(ValueError):
    """The text is not a host name; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


def parse(text: str) -> str:
    """The A-label of the host name in `text`: ASCII, lower case, no final dot, at most 253 characters.

    Takes what people paste: spaces around it, a URL, a port, a final dot, a wildcard's star, any script (UTS 46, and
    IDNA 2008 for what is not ASCII). Underscores are allowed, as in DNS. Idempotent. Raises `NotCheckable`.
    """
    host = _SCHEME.sub("", text.strip().removeprefix("\ufeff"), count=1)
    host = re.split(r"[/?#]", host, maxsplit=1)[0]
    if not host:
        raise NotCheckable(Refusal.EMPTY)
    if host.startswith("[") or host.count(":") > 1:
        raise NotCheckable(Refusal.ADDRESS)
    host = _PORT.sub("", host).removeprefix("*.")
    if len(host) > MOST_CHARACTERS:
        raise NotCheckable(Refusal.TOO_LONG)
    try:
        host = idna.uts46_remap(host, std3_rules=False, transitional=False).removesuffix(".")
        labels = [label if label.isascii() else idna.alabel(label).decode("ascii") for label in host.split(".")]
    except UnicodeError as error:  # idna.IDNAError is one
        too_long = "too long" in str(error).lower()
        raise NotCheckable(Refusal.TOO_LONG if too_long else Refusal.BAD_CHARACTERS) from None
    return _checked(labels)


def _checked(labels: list[str]) -> str:
    """The labels as one name, if DNS can carry them and they are not an address in disguise."""
    name = ".".join(labels)
    if len(name) > 253 or any(len(label) > 63 for label in labels):
        raise NotCheckable(Refusal.TOO_LONG)
    # inet_aton takes "127.1", "0x7f.1" and "2130706433" for addresses: no name ends in a number (RFC 3696, 2).
    if _NUMBER.match(labels[-1]):
        raise NotCheckable(Refusal.ADDRESS)
    if not all(_LABEL.match(label) for label in labels):
        raise NotCheckable(Refusal.BAD_CHARACTERS)
    if len(labels) < 2:
        raise NotCheckable(Refusal.SINGLE_LABEL)
    return name


def matches(name: str, hostname: str) -> bool:
    """Whether a DNS name of a certificate stands for this host name (an A-label): the very same, or with a star in
    place of the whole first label (RFC 9525, 6.3).

    As curl and Chromium see it, where OpenSSL is stricter: a final dot in the certificate does not count, and a star
    stands for a label with an underscore too. It never stands for all of a top-level domain.
    """
    if not name.isascii():  # else "K", the sign of Kelvin, would become a "k"
        return False
    name, (_, _, parent) = name.lower().removesuffix("."), hostname.partition(".")
    return name == hostname or ("." in parent and name == f"*.{parent}")


def to_unicode(hostname: str) -> str:
    """An A-label as people write it; a label that no current rule decodes stays as it is."""
    return ".".join(_shown(label) for label in hostname.split("."))


def _shown(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return idna.ulabel(label)
    except UnicodeError:
        return label
