"""CSV files to download, and how many at once: each holds a thread of the site until its reader has
it all."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from flask import Response, current_app, stream_with_context
from flask_login import current_user

from webapp import csv_writer
from webapp.reports import export
from webapp.routes.template_helpers import list_query, now

MOST_EACH = 2  # of one user, in however many tabs

_lock = threading.Lock()
_under_way: Counter[int] = Counter()  # by the user's id


class TooManyExports(Exception):
    """As many exports are under way as may be, of this user or of all."""


def csv_file(lines: Iterable[str], name: str, user_id: int) -> Response:
    """These lines as a file of this name, made while it is sent. Raises `TooManyExports`."""
    end = begin(user_id, current_app.config["PADLOCK_THREADS"])
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    response = Response(stream_with_context(iter(lines)), mimetype="text/csv", headers=headers)
    response.call_on_close(end)
    return response


def list_file(kind: str) -> Response:
    """The services or domains of a list as a file. Raises `TooManyExports`."""
    headings = export.list_headings(current_user, kind)
    rows = export.list_rows(current_user, kind, list_query(), now())
    return table_file(headings, rows, f"{kind}s")


def table_file(headings: Sequence[str], rows: Iterable[Sequence[object]], name: str) -> Response:
    """These rows as a file that is called by this name and the day. Raises `TooManyExports`."""
    lines = csv_writer.lines(headings, rows)
    return csv_file(lines, f"{name}-{now():%Y-%m-%d}.csv", current_user.id)


def begin(user_id: int, threads: int) -> Callable[[], None]:
    """Takes a place among the exports, and returns what gives it back.

    They have a quarter of the threads that serve the site. Raises `TooManyExports`.
    """
    with _lock:
        if _under_way[user_id] >= MOST_EACH or _under_way.total() >= max(1, threads // 4):
            raise TooManyExports
        _under_way[user_id] += 1
    return partial(_end, user_id)


def _end(user_id: int) -> None:
    with _lock:
        _under_way[user_id] -= 1
        if not _under_way[user_id]:
            del _under_way[user_id]
