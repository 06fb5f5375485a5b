"""Static files: from memory, compressed once for the browsers that take it, which are all."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask, Response, abort, request
from werkzeug.security import safe_join

from webapp.routes.gate import open_to_everyone

WORTH_IT = 0.9  # a file is sent compressed where that leaves less than this part of it


@dataclass(frozen=True)
class _File:
    stamp: tuple[int, int]  # when it was written, and its size: another one is read again
    type: str
    etag: str
    data: bytes = field(repr=False)
    zipped: bytes | None = field(repr=False)


def register(app: Flask) -> None:
    """Sends static files in place of Flask, which sends them as they are and keeps each open until
    it is read."""
    files: dict[Path, _File] = {}

    @open_to_everyone
    def send(filename: str) -> Response:
        path = safe_join(str(app.static_folder), filename)
        if path is None or not Path(path).is_file():
            abort(404)
        return _answer(_read(Path(path), files))

    app.view_functions["static"] = send


def _read(path: Path, files: dict[Path, _File]) -> _File:
    stat = path.stat()
    stamp = stat.st_mtime_ns, stat.st_size
    kept = files.get(path)
    if kept is None or kept.stamp != stamp:
        data = path.read_bytes()
        zipped = gzip.compress(data, mtime=0)
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        etag = hashlib.sha256(data).hexdigest()[:32]
        kept = _File(
            stamp, kind, etag, data, zipped if len(zipped) < WORTH_IT * len(data) else None
        )
        files[path] = kept
    return kept


def _answer(file: _File) -> Response:
    if file.zipped is not None and request.accept_encodings.quality("gzip") > 0:
        response = Response(file.zipped, mimetype=file.type)
        response.headers["Content-Encoding"] = "gzip"
        response.set_etag(f"{file.etag}-gzip")
    else:
        response = Response(file.data, mimetype=file.type)
        response.set_etag(file.etag)
    if file.zipped is not None:
        response.vary.add("Accept-Encoding")
    response.make_conditional(request)
    return response
