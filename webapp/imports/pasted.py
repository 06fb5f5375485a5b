"""Pasted text -> the host names in it: one a line, commas, URLs, the lines of a zone file."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import BytesIO, StringIO

_BETWEEN = re.compile(r"[\s,;|]+")
_COMMENT = re.compile(r"(?:^|\s);.*|^\s*(?:#|//).*")
_TYPES = (
    "A|AAAA|CAA|CNAME|ALIAS|ANAME|HTTPS|SVCB|MX|NS|TXT|SPF|SRV|SOA|PTR|DS|DNSKEY|RRSIG|NSEC|NSEC3"
    "|NSEC3PARAM|TLSA|SSHFP|NAPTR|DNAME|LOC|HINFO|RP|CDS|CDNSKEY"
)
_OF_A_SITE = ("A", "AAAA", "CNAME", "ALIAS", "ANAME", "HTTPS")
# RFC 1035, 5.1: owner, then TTL and class in either order, then type and data
_TTL = r"\d+[smhdwSMHDW]?(?:\d+[smhdwSMHDW])*"
_RECORD = re.compile(
    rf"(?P<owner>\S+)?\s+(?:(?:{_TTL}|IN|CH|HS)\s+){{0,2}}(?P<type>{_TYPES})\s+\S",
    re.IGNORECASE,
)
_ORIGIN = re.compile(r"\s*\$ORIGIN\s+(\S+)", re.IGNORECASE)
_DIRECTIVE = re.compile(r"\s*\$(TTL|INCLUDE|GENERATE)\b", re.IGNORECASE)


def names_in(text: str) -> list[str]:
    """The names in this text in their order, each once, as they stand; whether one can be checked
    is the import's to say."""
    return list(dict.fromkeys(_names(text)))


def as_file(names: list[str]) -> BytesIO:
    """A CSV file with these names in its one column."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(["domain"])
    writer.writerows([name] for name in names)
    return BytesIO(text.getvalue().encode())


def _names(text: str) -> Iterator[str]:
    origin = owner = ""
    open_bracket = False
    for line in text.lstrip("\ufeff").splitlines():
        line = _COMMENT.sub("", line).rstrip()
        if open_bracket:  # an SOA record goes on over several lines
            open_bracket = ")" not in line
        elif found := _ORIGIN.match(line):
            origin = found[1].strip(".")
        elif found := _RECORD.match(line):
            owner = found["owner"] or owner
            kind = found["type"].upper()
            if kind == "SOA":
                open_bracket = "(" in line and ")" not in line
                if owner.endswith("."):
                    origin = owner.strip(".")
            if kind in _OF_A_SITE and not owner.startswith("_") and "._" not in owner:
                yield _absolute(owner, origin)
        elif not _DIRECTIVE.match(line):
            yield from filter(None, (part.strip("\"'") for part in _BETWEEN.split(line)))


def _absolute(owner: str, origin: str) -> str:
    if owner.endswith("."):
        return owner.rstrip(".")
    if owner == "@":
        return origin or owner
    return f"{owner}.{origin}" if origin else owner
