"""Import of clients, services and domains: upload, look at what it would do, do it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from webapp import csv_writer
from webapp.customers.models import DomainStatus, ServiceStatus
from webapp.imports import jobs
from webapp.imports.csv_reader import MOST_ROWS, CellProblem
from webapp.imports.rows import COLUMNS
from webapp.routes import exports
from webapp.routes.gate import fragment
from webapp.routes.template_helpers import now
from webapp.words import refusals
from webapp.words.counts import import_text

MOST_UPLOAD_BYTES = 200 * 1024 * 1024  # bytes; every other request is held to MAX_CONTENT_LENGTH

blueprint = Blueprint("imports", __name__, url_prefix="/admin/import")


def register(app: Flask) -> None:
    """Before the gate, which reads the form: an administrator's upload may be larger than any other
    request."""
    app.before_request(_let_uploads_be_large)


def _let_uploads_be_large() -> None:
    if (
        request.endpoint == "imports.upload"
        and current_user.is_authenticated
        and current_user.is_admin
    ):
        request.max_content_length = MOST_UPLOAD_BYTES


@blueprint.before_request
def _admins_only() -> None:
    if current_user.is_authenticated and not current_user.is_admin:
        abort(403)


@blueprint.get("")
def page() -> str:
    jobs.clear_away(now())
    return _upload_page()


@blueprint.post("")
def upload() -> AnyResponse:
    file = request.files.get("file")
    if file is None or not file.filename:
        return make_response(_upload_page(refusals.no_file()), 422)
    token = jobs.begin(current_user, file.filename, file.stream, now())
    return redirect(url_for("imports.job", token=token), 303)


@blueprint.get("/<token>")
def job(token: str) -> str:
    found = jobs.require_job(current_user, token)
    problems, rows = jobs.shown_of(found)
    shown = {"problems": problems, "rows": rows, "summary": import_text(found.counts)}
    return render_template("admin/import_job.html", job=found, **shown)


@blueprint.get("/<token>/progress")
@fragment
def progress(token: str) -> AnyResponse:
    found = jobs.require_job(current_user, token)
    response = make_response(render_template("admin/import_progress.html", job=found))
    if not found.running:
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/<token>")
def start(token: str) -> AnyResponse:
    jobs.start_import(jobs.require_job(current_user, token), now())
    return redirect(url_for("imports.job", token=token), 303)


@blueprint.post("/<token>/stop")
def stop(token: str) -> AnyResponse:
    jobs.stop(jobs.require_job(current_user, token))
    return redirect(url_for("imports.job", token=token), 303)


@blueprint.get("/<token>/problems.csv")
def problems(token: str) -> Response:
    found = jobs.all_problems(jobs.require_job(current_user, token))
    return exports.csv_file(_problem_lines(found), "import-problems.csv", current_user.id)


@blueprint.get("/example.csv")
def example() -> Response:
    lines = [csv_writer.MARK, render_template("admin/import_example.csv")]
    return exports.csv_file(lines, "import-example.csv", current_user.id)


def _upload_page(error: str = "") -> str:
    words = {"service": list(ServiceStatus), "domain": list(DomainStatus)}
    shown = {
        "columns": COLUMNS,
        "most_rows": MOST_ROWS,
        "most_bytes": MOST_UPLOAD_BYTES,
        "words": words,
    }
    return render_template("admin/import.html", error=error, **shown)


def _problem_lines(problems: Iterable[CellProblem]) -> Iterator[str]:
    rows = (
        (found.line, found.column, "error" if found.serious else "note", found.text)
        for found in problems
    )
    return csv_writer.lines(("line", "column", "weight", "problem"), rows)
