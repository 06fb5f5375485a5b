"""A process that reads one Apprise URL, or sends one message through it, and ends.

It is one of its own because Apprise has no deadline that holds for every service, follows any URL
to any address and reads any file it names, and is slow to import: see `network_guard`. The only
importer of `apprise`.

A JSON object comes in: `url`, `allowed` and `denied` (networks), and to send a message its `title`
and `body`. Another one goes out: `service` and `shown` (the URL without its secrets), or `problem`,
a key of `words.channels.PROBLEMS`, and its `detail`.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import apprise

from webapp.notices.network_guard import guard_of

# Of a service that shows messages on the machine which runs it, or hands them to a program there
LOCAL_SCHEMES = frozenset(
    {"blink1", "dbus", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"}
)
_STATUS = re.compile(r"\berror=(\d{3})\b")


class Problems(logging.Handler):
    """The status with which the far side has refused, of what Apprise logs."""

    status = ""

    def emit(self, record: logging.LogRecord) -> None:
        if found := _STATUS.search(record.getMessage()):
            self.status = found[1]


def run(asked: dict[str, Any]) -> dict[str, str]:
    """The answer to a question, see above."""
    guard = guard_of(asked, str(Path(apprise.__file__).parent))
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
        if _has_host(service) and not guard.may_lead_somewhere(service.host):
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


def _without_secrets(service: Any) -> str:
    """Its scheme, and the host where it is one: paths, parameters and topics are secrets, too."""
    scheme = service.url(privacy=True).partition("://")[0]
    host = service.host if _has_host(service) and "." in service.host else ""
    return f"{scheme}://{host}/…" if host else f"{scheme}://…"


def main() -> None:
    json.dump(run(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
