"""A process that reads one Apprise URL, or sends one message through it, and ends.

It is one of its own because Apprise has no deadline that holds for every service, follows any URL
to any address and reads any file it names, and is slow to import. What it may reach is decided at
the system call, so that neither a redirect nor a DNS answer that changes leads to a private
address. The only importer of `apprise`.

A JSON object comes in: `url`, `allowed` and `denied` (networks), and to send a message its `title`
and `body`. Another one goes out: `service` and `shown` (the URL without its secrets), or `problem`,
a key of `words.channels.PROBLEMS`, and its `detail`.
"""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import sys
from contextlib import suppress
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import apprise

from webapp.probe.address_policy import Policy

# Of a service that shows messages on the machine which runs it, or hands them to a program there
LOCAL_SCHEMES = frozenset(
    {"blink1", "dbus", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"}
)
_PROGRAMS = ("subprocess.", "os.exec", "os.posix_spawn", "os.system", "os.fork")
_STATUS = re.compile(r"\berror=(\d{3})\b")


class Guard:
    """What this process may reach and read from now on, as an audit hook (PEP 578)."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._readable = tuple(
            str(Path(each).resolve()) + "/"
            for each in (sys.prefix, sys.base_prefix, Path(apprise.__file__).parent)
        )
        self.blocked = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            if (where := arguments[-1]) is not None and not self.may_reach(where):
                self.blocked = True
                raise PermissionError(event)
        elif event.startswith(_PROGRAMS) or (event == "open" and not self._may_open(arguments[0])):
            raise PermissionError(event)

    def may_reach(self, where: Any) -> bool:
        """Whether an address as sockets have them may be reached; None of them is a path."""
        try:
            return self._policy.refusal(ip_address(where[0])) is None
        except (TypeError, ValueError):
            return False

    def _may_open(self, path: Any) -> bool:
        return isinstance(path, int) or os.path.realpath(path).startswith(self._readable)


class Problems(logging.Handler):
    """The status with which the far side has refused, of what Apprise logs."""

    status = ""

    def emit(self, record: logging.LogRecord) -> None:
        if found := _STATUS.search(record.getMessage()):
            self.status = found[1]


def run(asked: dict[str, Any]) -> dict[str, str]:
    """The answer to a question, see above."""
    networks = (tuple(map(ip_network, asked[name])) for name in ("allowed", "denied"))
    guard = Guard(Policy(*networks))
    problems = Problems(logging.WARNING)
    logging.getLogger("apprise").handlers = [problems]
    asset = apprise.AppriseAsset(
        app_id="Padlock",
        app_desc="Padlock",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        async_mode=False,
    )
    scheme = asked["url"].partition(":")[0].strip().lower()
    if scheme in LOCAL_SCHEMES:
        return {"problem": "local"}
    service = apprise.Apprise.instantiate(asked["url"], asset=asset)
    if service is None:
        return {"problem": "unknown"}
    sys.addaudithook(guard)
    if "body" not in asked:
        if _has_host(service) and not _may_lead_somewhere(service.host, guard):
            return {"problem": "blocked"}
        return {"service": str(service.service_name), "shown": _without_secrets(service)}
    with suppress(OSError):  # what it does not take for a failure of its own: the guard's
        if service.notify(body=asked["body"], title=asked["title"], body_format="text"):
            return {}
    if guard.blocked:
        return {"problem": "blocked"}
    return {"problem": "status" if problems.status else "silent", "detail": problems.status}


def _has_host(service: Any) -> bool:
    """Whether the host of its URL is one; most services have a part of their secret there."""
    return any("{host}" in template for template in service.templates)


def _may_lead_somewhere(host: str, guard: Guard) -> bool:
    """Whether an address of this name may be reached. A name that DNS does not know now may be one
    later."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None)
    except (OSError, UnicodeError):
        return True
    return any(guard.may_reach(address) for *_, address in found)


def _without_secrets(service: Any) -> str:
    """Its scheme, and the host where it is one: paths, parameters and topics are secrets, too."""
    scheme = service.url(privacy=True).partition("://")[0]
    host = service.host if _has_host(service) and "." in service.host else ""
    return f"{scheme}://{host}/…" if host else f"{scheme}://…"


def main() -> None:
    json.dump(run(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
