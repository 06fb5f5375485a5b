"""A process that posts one webhook, or only looks whether it may, and ends: see `network_guard`.

A JSON object comes in: `url`, `allowed` and `denied` (networks), and to post something its
`headers` and `body`. Another one goes out: `status` of the answer and the beginning of it as
`answer`, or `problem`, a key of `words.channels.PROBLEMS`.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import urlsplit

import requests

from webapp.notices.network_guard import guard_of

SECONDS = 15  # to connect, and between two parts of an answer
MOST_ANSWER_BYTES = 1000


def run(asked: dict[str, Any]) -> dict[str, Any]:
    """The answer to a question, see above."""
    guard = guard_of(asked)
    sys.addaudithook(guard)
    if "body" not in asked:
        host = urlsplit(asked["url"]).hostname or ""
        return {} if guard.may_lead_somewhere(host) else {"problem": "blocked"}
    session = requests.Session()
    session.trust_env = False
    session.headers["accept-encoding"] = "identity"  # it is for people to read
    try:
        with session.post(
            asked["url"],
            data=asked["body"].encode(),
            headers=asked["headers"],
            timeout=SECONDS,
            allow_redirects=False,
            stream=True,
        ) as response:
            return {"status": response.status_code, "answer": _beginning(response)}
    except requests.exceptions.SSLError:
        return {"problem": "tls"}
    except (requests.RequestException, OSError, ValueError):  # of a host that cannot be one
        return {"problem": "blocked" if guard.blocked else "silent"}


def _beginning(response: requests.Response) -> str:
    """What the answer begins with. The status counts even if this cannot be read: a message that
    was taken is not sent again."""
    try:
        return next(response.iter_content(MOST_ANSWER_BYTES), b"").decode(errors="replace")
    except (requests.RequestException, OSError):
        return ""


def main() -> None:
    json.dump(run(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
