"""Parsers for the settings about mail."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

# How mail is handed over, and the usual port for it
MAIL_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over; its password is in no `repr`, so that no log can hold it."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    scheme: str  # a key of MAIL_PORTS


def mail_server(text: str) -> MailServer | None:
    """The server of this URL. The URL holds a password: no refusal repeats it."""
    if not text:
        return None
    wrong = ValueError(
        "it must be smtp://, smtp+starttls:// or smtps:// with user:password@host:port"
    )
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise wrong from None
    if (
        url.scheme not in MAIL_PORTS
        or not url.hostname
        or port == 0
        or url.path.strip("/")
        or url.query
    ):
        raise wrong
    user = unquote(url.username or "")
    password = unquote(url.password or "")
    return MailServer(url.hostname, port or MAIL_PORTS[url.scheme], user, password, url.scheme)


def mail_address(text: str) -> str:
    """One e-mail address, without a name."""
    if text and not re.fullmatch(r"[^\s@<>,]+@[^\s@<>,]+", text):
        raise ValueError("it must be one e-mail address")
    return text


def site_url(text: str) -> str:
    """What the addresses of this site begin with, without a slash at the end."""
    try:
        url = urlsplit(text)
    except ValueError:
        url = urlsplit("?")
    if text and (
        url.scheme not in ("http", "https")
        or not url.hostname
        or url.query
        or url.fragment
        or "@" in text
    ):
        raise ValueError("it must be an address such as https://padlock.example.com")
    return text.rstrip("/")
