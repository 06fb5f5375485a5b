"""HTTP for sources: one answer at a time, within a deadline and a size, from one host.

What was sent is in no message: not the body, and of headers only what is read here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event
from typing import IO, Any
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as HttpTimeout

from webapp import probe
from webapp.sources import tls
from webapp.sources.fault import Fault
from webapp.sources.guarded import Guard, GuardedAdapter

MOST_BYTES = 32 * 1024 * 1024  # of an answer
PIECE_BYTES = 64 * 1024
MOST_REDIRECTS = 3
LONGEST_WAIT = 60  # seconds that a panel may ask us to wait
USUAL_WAIT = 5  # seconds, where it does not say how long
MOST_WAITS = 5  # times that one call waits
_PORTS = {"http": 80, "https": 443}
_MARKUP = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """What came back: `body` is empty where it went to a file."""

    status: int
    media_type: str  # in lower case, without parameters
    body: bytes

    def json(self, call: str) -> Any:
        """The body as JSON. Raises `Fault`: `call` is what was asked for."""
        if self.is_page:
            raise Fault("web page", status=self.status)
        try:
            return json.loads(self.body.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            if self.status != 200:
                raise Fault("status", status=self.status, call=call) from None
            raise Fault("no json", call=call) from None

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people, as of a login, a firewall or maintenance."""
        start = self.body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        return start.startswith((b"<!doctype", b"<html", b"<head", b"<body", b"<br")) or (
            self.media_type in _MARKUP and start[:1] not in (b"{", b"[")
        )


class Http:
    """A session with one host. Close it at the end.

    `settings` are the engine's: which addresses may be asked, and which roots are trusted.
    """

    def __init__(self, timeout: float, settings: probe.Settings, stopping: Event) -> None:
        self._timeout = timeout
        self._settings = settings
        self._stopping = stopping
        self._guard = Guard(replace(settings, timeout=timeout))
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, no .netrc
        adapter = GuardedAdapter(self._guard)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        if settings.ca_bundle is not None:
            self._session.verify = str(settings.ca_bundle)

    def close(self) -> None:
        """Ends its connections."""
        self._session.close()
        self._guard.close()

    def ask(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        into: IO[bytes] | None = None,
    ) -> SourceAnswer:
        """The answer, whatever its status; its body goes `into` a file where one is given.

        Waits where the panel asks for it with 429. Raises `Fault`.
        """
        # What is counted is what came
        plain = {**(headers or {}), "Accept-Encoding": "identity"}
        sent = {"params": params, "data": form, "headers": plain, "auth": auth}
        for _ in range(MOST_WAITS):
            answer, wait = self._follow(method, url, sent, into)
            if answer.status != 429:
                return answer
            if wait > LONGEST_WAIT:
                raise Fault("long wait", seconds=wait)
            if self._stopping.wait(wait):
                raise Fault("interrupted")
        raise Fault("busy panel", times=MOST_WAITS)

    def _follow(
        self, method: str, url: str, sent: dict[str, Any], into: IO[bytes] | None
    ) -> tuple[SourceAnswer, int]:
        """The answer behind redirects, which have to stay with the host; and how many seconds it
        asks to wait."""
        for _ in range(MOST_REDIRECTS + 1):
            with self._guard.within(self._timeout) as deadline:
                answer, headers = self._once(method, url, sent, into, deadline.remaining())
            target = headers.get("location", "")
            if answer.status not in (301, 302, 303, 307, 308) or not target:
                return answer, _wait(headers.get("retry-after", ""))
            there = urljoin(url, target)
            if not same_host(urlsplit(url), there):
                raise Fault("redirect", host=_host_of(there))
            url = there
            sent = sent | {"params": None}  # they stand in the address, if it wants them
        raise Fault("redirects")

    def _once(
        self, method: str, url: str, sent: dict[str, Any], into: IO[bytes] | None, seconds: float
    ) -> tuple[SourceAnswer, Mapping[str, str]]:
        try:
            with self._session.request(
                method, url, **sent, stream=True, allow_redirects=False, timeout=seconds
            ) as response:
                body = self._body(response, into)
        except requests.exceptions.SSLError as error:
            if self._guard.overdue:
                raise Fault("slow", seconds=max(1, round(self._timeout))) from None
            raise tls.fault_of(error, url, self._settings) from None
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            if self._guard.overdue or isinstance(
                error, requests.Timeout | HttpTimeout | TimeoutError
            ):
                raise Fault("slow", seconds=max(1, round(self._timeout))) from None
            raise Fault("cut") from None
        if self._guard.overdue:
            raise Fault("slow", seconds=max(1, round(self._timeout)))
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        self._session.cookies.clear()
        return SourceAnswer(response.status_code, kind, body), response.headers

    def _body(self, response: requests.Response, into: IO[bytes] | None) -> bytes:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise Fault("compressed")
        if into is not None:
            into.seek(0)
            into.truncate()
        pieces: list[bytes] = []
        size = 0
        for piece in response.raw.stream(PIECE_BYTES, decode_content=False):
            size += len(piece)
            if size > MOST_BYTES:
                raise Fault("large", megabytes=MOST_BYTES // 2**20)
            if into is not None and response.status_code == 200:
                into.write(piece)
            else:
                pieces.append(piece)
        return b"".join(pieces)


def same_host(before: SplitResult, url: str) -> bool:
    """Whether a redirect from there stays with the host, its port and its TLS; from the usual port
    of HTTP it may go on to that of HTTPS."""
    after = urlsplit(url)
    try:
        ports = [part.port or _PORTS.get(part.scheme) for part in (before, after)]
    except ValueError:
        return False
    same = (before.scheme, ports[0]) == (after.scheme, ports[1])
    safer = (before.scheme, after.scheme, *ports) == ("http", "https", 80, 443)
    return before.hostname == after.hostname and not after.username and (same or safer)


def _host_of(url: str) -> str:
    try:
        return probe.clean(urlsplit(url).netloc.rpartition("@")[2], 100) or "?"
    except ValueError:
        return "?"


def _wait(text: str) -> int:
    """The seconds of a Retry-After header: a number, or a date."""
    text = text.strip()
    if not text:
        return USUAL_WAIT
    if text.isascii() and text.isdigit():
        return int(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return USUAL_WAIT
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0, round((at - datetime.now(UTC)).total_seconds()))
