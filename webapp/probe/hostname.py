"""What a person typed into a Domain field -> a host name and a port that can be asked for, or a
typed refusal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

import idna

from webapp.probe.protocols import HTTPS_PORT, authority

MOST_CHARACTERS = 1000  # of a host as typed: longer than any name in any script, and quick to map
# "https://", and what it becomes in a hurry: "https:", "http//", "https;//", "//". Other schemes in
# proper form only.
_SCHEME = re.compile(
    r"(?:https?[:;][/\\]*|https?[/\\]{2}|([a-z][a-z0-9+.-]{0,30})://|[/\\]+)", re.IGNORECASE
)
# What belongs to another scheme is no wish to check that port.
_PORTS_OF_SCHEMES = {"http": 80, "ftp": 21}
_MOST_SCHEMES = 3  # "http://https://example.com"
_MARKS = (
    "\"'`<>(){},;|\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u00ab\u00bb\u2039\u203a\u300c\u300d"
)
_INVISIBLE = (
    "\ufeff\u200b\u2060\u00ad\u200e\u200f\u061c"
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_BLANKS = "".join(
    map(
        chr,
        (*range(9, 14), *range(28, 33), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029),
    )
)
_AROUND = f"{_MARKS}{_INVISIBLE}{_BLANKS}\u202f\u205f\u3000"
_BETWEEN_NAMES = re.compile(r"[\s,;|]+")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
_NUMBER = re.compile(r"([0-9]+|0x[0-9a-f]*)\Z")
# A name as we write it ourselves, of which nothing has to be cleaned away. The last label is no
# number.
_PLAIN = re.compile(r"(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)+(?=[a-z])[a-z0-9_-]{1,63}(?<!-)")
_MOST_OF_A_NAME = 253  # characters (RFC 1035, 2.3.4)


class Refusal(StrEnum):
    """Why a text is not a host name that can be checked."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    ADDRESS = "address"
    SINGLE_LABEL = "single_label"
    EMAIL = "email"
    CREDENTIALS = "credentials"
    SEVERAL_NAMES = "several_names"
    SPACE = "space"
    COMMA = "comma"
    WILDCARD = "wildcard"
    BAD_PORT = "bad_port"
    PORT_NOT_ALLOWED = "port_not_allowed"
    EMPTY_LABEL = "empty_label"
    HYPHEN = "hyphen"
    BAD_CHARACTERS = "bad_characters"


class NotCheckable(ValueError):
    """The text is not a host name that can be checked; `refusal` says why.

    Where only its port is not allowed, `understood` is what it says and `allowed` are the ports
    that are.
    """

    def __init__(
        self,
        refusal: Refusal,
        understood: ParsedHostname | None = None,
        allowed: Collection[int] = (),
    ) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
        self.understood = understood
        self.allowed = tuple(allowed)


@dataclass(frozen=True, slots=True)
class ParsedHostname:
    """The host name and the port in a text, and what stood beside them and is not asked for."""

    hostname: str  # ASCII, lower case, no final dot, at most 253 characters
    port: int = HTTPS_PORT
    scheme: str = ""  # where it is neither http nor https
    path: str = ""  # with query and fragment; "/" alone is none
    wildcard: bool = False  # it began with "*."
    marks: bool = False  # quotes, brackets, commas or the like stood around it
    dropped_port: int | None = None  # that of another scheme: 80 behind "http://"

    @property
    def authority(self) -> str:
        """The host name, with its port where that is another than 443."""
        return authority(self.hostname, self.port)


def parse(text: str) -> str:
    """The A-label of the host name in `text`: ASCII, lower case, no final dot, at most 253
    characters.

    Idempotent. Raises `NotCheckable`.
    """
    return understand(text).hostname


def understand(text: str, allowed: Collection[int] | None = None) -> ParsedHostname:
    """The host name and the port in `text`, and what else stood there; of the ports only those
    `allowed`, where that is given.

    Takes what people paste: spaces and quotes around it, a URL, a port, a final dot, a wildcard's
    star, any script. Unicode becomes what browsers ask for: UTS 46, non-transitional, which takes
    emoji that IDNA 2008 does not. Underscores are allowed, as in DNS. Raises `NotCheckable`.
    """
    understood = _understand(text)
    if allowed is not None and understood.port not in allowed:
        raise NotCheckable(Refusal.PORT_NOT_ALLOWED, understood, allowed)
    return understood


def _understand(text: str) -> ParsedHostname:
    if len(text) <= _MOST_OF_A_NAME and _PLAIN.fullmatch(text):
        return ParsedHostname(text)
    kept = text.strip(_AROUND)
    marks = any(
        mark in _MARKS
        for mark in text[: len(text) - len(text.lstrip(_AROUND))]
        + text[len(text.rstrip(_AROUND)) :]
    )
    rest, scheme, usual_port = _without_scheme(kept)
    host, path = _split(rest)
    if not host:
        raise NotCheckable(Refusal.EMPTY)
    if len(host) > MOST_CHARACTERS:
        raise NotCheckable(Refusal.TOO_LONG)
    _refuse_what_is_more_than_a_name(host, rest, scheme)
    host, port = _without_port(host)
    if not host:
        raise NotCheckable(Refusal.EMPTY)
    wildcard = host.startswith("*.")
    of_scheme = port is not None and port == usual_port
    return ParsedHostname(
        hostname=_a_labels(host.removeprefix("*.")),
        port=HTTPS_PORT if port is None or of_scheme else port,
        dropped_port=port if of_scheme else None,
        scheme=scheme,
        path="" if path == "/" else path,
        wildcard=wildcard,
        marks=marks,
    )


def _without_scheme(text: str) -> tuple[str, str, int | None]:
    """What follows the scheme or schemes; the last that is neither http nor https, in lower case;
    and the port that the last of them has where none is named."""
    start = 0
    scheme = ""
    last = ""
    for _ in range(_MOST_SCHEMES):
        found = _SCHEME.match(text, start)
        if found is None:
            break
        start = found.end()
        scheme = (found[1] or scheme).lower()
        last = found[0].rstrip(":;/\\").lower()
    if text[start : start + 7].lower() == "mailto:":
        raise NotCheckable(Refusal.EMAIL)
    return text[start:], scheme, _PORTS_OF_SCHEMES.get(last)


def _split(text: str) -> tuple[str, str]:
    """A host with its port, and the path, query and fragment behind them."""
    end = next((place for place, character in enumerate(text) if character in "/?#"), len(text))
    return text[:end], text[end:]


def _refuse_what_is_more_than_a_name(host: str, rest: str, scheme: str) -> None:
    """Raises `NotCheckable` with what the person can mend, where it is plain to see."""
    # A path may hold commas; behind a space there another name may follow.
    parts = [part for part in _BETWEEN_NAMES.split(host) if part]
    behind = (
        _SCHEME.sub("", part, count=1) for part in rest[len(host) : MOST_CHARACTERS].split()[1:]
    )
    parts += [part for part in behind if "/" not in part.partition(".")[0]]
    if sum("." in part.strip(".") for part in parts) > 1 and len(parts) > 1:
        raise NotCheckable(Refusal.SEVERAL_NAMES)
    if any(character.isspace() for character in host):
        raise NotCheckable(Refusal.SPACE)
    if "," in host:
        raise NotCheckable(Refusal.COMMA)
    if "@" in host and "\\" not in host:
        whose = host.partition("@")[0]
        raise NotCheckable(
            Refusal.CREDENTIALS if scheme or ":" in whose or not whose else Refusal.EMAIL
        )


def _without_port(host: str) -> tuple[str, int | None]:
    """The host, and the port that is named behind it. Raises `NotCheckable`."""
    if host.startswith("[") or (host.count(":") > 1 and _is_address(host)):
        raise NotCheckable(Refusal.ADDRESS)
    host, colon, port = host.partition(":")
    if not colon or not port:
        return host, None
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) < 65536):
        raise NotCheckable(Refusal.BAD_PORT)
    return host, int(port)


def _is_address(text: str) -> bool:
    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def _a_labels(host: str) -> str:
    """This host as DNS knows it, if DNS can carry it and it is not an address in disguise."""
    if "*" in host:
        raise NotCheckable(Refusal.WILDCARD)
    try:
        labels = (
            idna.uts46_remap(host, std3_rules=False, transitional=False)
            .removesuffix(".")
            .split(".")
        )
        labels = [_a_label(label) for label in labels]
    except UnicodeError:  # idna.IDNAError is one
        raise NotCheckable(Refusal.BAD_CHARACTERS) from None
    name = ".".join(labels)
    if len(name) > _MOST_OF_A_NAME or any(len(label) > 63 for label in labels):
        raise NotCheckable(Refusal.TOO_LONG)
    # inet_aton takes "127.1", "0x7f.1" and "2130706433" for addresses: no name ends in a number
    # (RFC 3696, 2).
    if _NUMBER.match(labels[-1]):
        raise NotCheckable(Refusal.ADDRESS)
    if not all(labels):
        raise NotCheckable(Refusal.EMPTY_LABEL)
    for label in labels:
        if not _LABEL.match(label):
            edge = _LABEL.match(label.strip("-")) is not None
            raise NotCheckable(Refusal.HYPHEN if edge else Refusal.BAD_CHARACTERS)
    if len(labels) < 2:
        raise NotCheckable(Refusal.SINGLE_LABEL)
    return name


def _a_label(label: str) -> str:
    """One label, mapped already, as DNS knows it: UTS 46, 4.1.

    Raises UnicodeError or `NotCheckable`.
    """
    # Also an A-label that stands for nothing: curl and Chromium ask for it all the same
    if label.isascii():
        return label
    if label.startswith("xn--"):
        raise UnicodeError("an A-label that is not ASCII")
    if len(label) > 63:  # each character takes one at least
        raise NotCheckable(Refusal.TOO_LONG)
    _check_u_label(label)
    return f"xn--{label.encode('punycode').decode('ascii')}"


def _check_u_label(label: str) -> None:
    """Raises UnicodeError where browsers refuse it: emoji are fine, a joiner in a wrong place is
    not."""
    if unicodedata.category(label[0]).startswith("M"):
        raise UnicodeError("it begins with a mark")
    for place, character in enumerate(label):
        if character in "\u200c\u200d" and not idna.valid_contextj(label, place):
            raise UnicodeError("a joiner that joins nothing")
    idna.check_bidi(label)


def matches(name: str, hostname: str) -> bool:
    """Whether a DNS name of a certificate stands for this host name (an A-label): the very same, or
    with a star in place of the whole first label (RFC 9525, 6.3).

    As curl and Chromium see it, where OpenSSL is stricter: a final dot in the certificate does not
    count, and a star stands for a label with an underscore too. It never stands for all of a
    top-level domain.
    """
    if not name.isascii():  # else "K", the sign of Kelvin, would become a "k"
        return False
    name = name.lower().removesuffix(".")
    _, _, parent = hostname.partition(".")
    return name == hostname or ("." in parent and name == f"*.{parent}")
