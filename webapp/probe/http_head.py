"""The head of an HTTP/1 answer: read as tolerantly as browsers do, and bounded.

No I/O of its own, no framing.

Own code, because no library bounds what has to be bounded here: docs/adr/0012 says which were
tried.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from webapp.probe.clean_text import clean
from webapp.probe.steps import Failure

MOST_INTERIM = 64  # interim answers (RFC 9110 15.2: 100, 102, 103) before the answer itself
MOST_BYTES = 256 * 1024  # of interim answers and headers together; Chromium's limit for headers

_START = b"HTTP/"
# The versions are those that curl takes.
_STATUS = re.compile(rb"HTTP/(?:1\.[01]|[23](?:\.0)?) +([1-9]\d\d)(?: +(.*))?", re.IGNORECASE)
_FOLD = re.compile(rb"\n[ \t]+")  # a header that goes on in the next line (RFC 9112 5.2)
_SWITCHING = 101


class NoAnswer(Exception):
    """Why there is none. The text is for staff."""

    def __init__(self, failure: Failure, text: str) -> None:
        super().__init__(text)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Head:
    """An answer without its body.

    `headers` are by lower-case name, the first of each name. Nothing is cleaned.
    """

    status: int
    phrase: str
    headers: Mapping[str, str]


def read(stream: io.BufferedReader) -> Head:
    """The first head that is not an interim answer.

    Raises `NoAnswer`, and what reading from `stream` raises.
    """
    lines = _lines(stream)
    for _ in range(MOST_INTERIM + 1):
        start = stream.peek(1)[:60]  # bytes that are no HTTP may never end in a line
        if not _START.startswith(start[: len(_START)].upper()):
            raise _not_http(start)
        line = next(lines, None)
        if line is None:
            raise NoAnswer(Failure.EMPTY, "the connection ended before an answer")
        found = _STATUS.fullmatch(line)
        if found is None:
            raise _not_http(line)
        status = int(found[1])
        phrase = (found[2] or b"").decode("latin-1")
        if status == _SWITCHING:
            raise NoAnswer(
                Failure.BROKEN,
                "it switches to another protocol, which was not asked for (status 101)",
            )
        headers = _until_blank(lines)
        if status >= 200:
            return Head(status, phrase, _by_name(headers))
    raise NoAnswer(
        Failure.TOO_MANY_INTERIM,
        f"more than {MOST_INTERIM} interim answers, the last with status {status}",
    )


def _lines(stream: io.BufferedReader) -> Iterator[bytes]:
    """The whole lines of all heads, without their ends.

    A bare LF ends a line, too (RFC 9112 2.2).
    """
    left = MOST_BYTES
    while (line := stream.readline(left + 1)).endswith(b"\n") or len(line) > left:
        left -= len(line)
        if left < 0:
            raise NoAnswer(
                Failure.HEADERS_TOO_LARGE, f"more than {MOST_BYTES // 1024} kB of headers"
            )
        if b"\0" in line:
            raise NoAnswer(Failure.BAD_HEADER, "a NUL byte in its headers")
        yield line.rstrip(b"\r\n")


def _until_blank(lines: Iterator[bytes]) -> list[bytes]:
    found: list[bytes] = []
    for line in lines:
        if not line:
            return found
        found.append(line)
    raise NoAnswer(Failure.BROKEN, "cut off in its headers")


def _by_name(lines: list[bytes]) -> dict[str, str]:
    """A line that is no header is passed over, as browsers do."""
    headers: dict[str, str] = {}
    for line in _FOLD.sub(b" ", b"\n".join(lines)).decode("latin-1").split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    return headers


def _not_http(start: bytes) -> NoAnswer:
    return NoAnswer(Failure.NOT_HTTP, f"it begins with {clean(start.decode('latin-1'), 60)!r}")
