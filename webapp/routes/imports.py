"""Import of clients, services and domains: upload, look at what it would do, do it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

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
from webapp.customers import access, monitored_names, padlocks
from webapp.customers.models import DomainStatus, ServiceStatus
from webapp.imports import clients_meant, job_files, jobs, pasted
from webapp.imports.csv_reader import MOST_ROWS
from webapp.imports.encodings import CHOICES
from webapp.imports.headings import COLUMNS
from webapp.imports.mapping import Mapping
from webapp.imports.table_errors import CellProblem, NotATable
from webapp.monitor.refresh import runs
from webapp.routes import exports, mapping_form
from webapp.routes.gate import fragment
from webapp.routes.template_helpers import now
from webapp.words import imports as say
from webapp.words import refusals
from webapp.words.counts import import_text

# Bytes; every other request is held to MAX_CONTENT_LENGTH
MOST_UPLOAD_BYTES = 200 * 1024 * 1024
MOST_PASTED_BYTES = 4 * 1024 * 1024
MOST_SHOWN = 10  # of what was just imported, of each kind
MOST_CHOICES = 200  # columns of a file that a page offers

blueprint = Blueprint("imports", __name__, url_prefix="/admin/import")


def register(app: Flask) -> None:
    """Before the gate, which reads the form: an administrator's upload may be larger than any other
    request."""
    app.before_request(_let_uploads_be_large)


def _let_uploads_be_large() -> None:
    # The endpoint first: to know the user takes a query, which files and cells do without
    if request.endpoint not in ("imports.upload", "imports.paste"):
        return
    if not (current_user.is_authenticated and current_user.is_admin):
        return
    if request.endpoint == "imports.upload":
        request.max_content_length = MOST_UPLOAD_BYTES
    else:
        request.max_content_length = MOST_PASTED_BYTES
        request.max_form_memory_size = MOST_PASTED_BYTES


@blueprint.before_request
def _admins_only() -> None:
    if current_user.is_authenticated and not current_user.is_admin:
        abort(403)


@blueprint.get("")
def page() -> str:
    job_files.clear_away(now())
    return _upload_page()


@blueprint.post("")
def upload() -> AnyResponse:
    file = request.files.get("file")
    if file is None or not file.filename:
        return make_response(_upload_page(refusals.no_file()), 422)
    token = jobs.begin(current_user, file.filename, file.stream, now())
    return redirect(url_for("imports.job", token=token), 303)


@blueprint.post("/paste/names")
def paste() -> AnyResponse:
    names = pasted.names_in(request.form.get("names", ""))
    client = request.form.get("client", "").strip()
    kind = request.form.get("kind", "domain")
    wrong = {}
    if not names:
        wrong["names"] = refusals.no_names()
    if problem := clients_meant.problem_of(client):
        wrong["client"] = problem
    if wrong or kind not in ("domain", "service"):
        return make_response(_upload_page(wrong=wrong), 422)
    how = Mapping({"domain": 0}, kind=kind, client=client, names_only=True)
    file = pasted.as_file(names)
    token = jobs.begin(current_user, say.pasted_names(len(names)), file, now(), how)
    return redirect(url_for("imports.job", token=token), 303)


@blueprint.get("/<token>")
def job(token: str) -> AnyResponse:
    found = jobs.require_job(current_user, token, now())
    if found.stage == "mapping":
        return redirect(url_for("imports.columns", token=token), 303)
    problems, rows = jobs.shown_of(found)
    shown = {"problems": problems, "rows": rows, "summary": import_text(found.counts)}
    if found.stage == "done":
        shown |= {"run": runs.under_way(), "unchecked": monitored_names.not_checked_yet()}
        new = {kind: found.counts[kind]["new"] for kind in ("service", "domain")}
        most = {kind: min(count, MOST_SHOWN) for kind, count in new.items()}
        newest = access.added_until(current_user, found.highest, most)
        shown |= {"newest": newest, "added": sum(new.values()), "known": padlocks.known}
    return make_response(render_template("admin/import_job.html", job=found, **shown))


@blueprint.get("/<token>/columns")
def columns(token: str) -> str:
    return _columns_page(jobs.require_job(current_user, token, now()))


@blueprint.post("/<token>/columns")
def choose_columns(token: str) -> AnyResponse:
    found = jobs.require_job(current_user, token, now())
    how = mapping_form.mapping_of(request.form)
    wrong = clients_meant.problem_of(how.client) if how.client else ""
    if "show" in request.form or wrong or how.missing:
        told = wrong or ("" if "show" in request.form else say.still_missing(how.missing))
        return make_response(_columns_page(found, how, told), 422 if told else 200)
    try:
        jobs.choose(found, how, now())
    except NotATable as error:
        return make_response(_columns_page(found, replace(how, encoding=""), str(error)), 422)
    return redirect(url_for("imports.job", token=token), 303)


@blueprint.get("/<token>/progress")
@fragment
def progress(token: str) -> AnyResponse:
    found = jobs.require_job(current_user, token, now())
    response = make_response(render_template("admin/import_progress.html", job=found))
    if not found.running:
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/<token>")
def start(token: str) -> AnyResponse:
    skip = request.form.get("skip") == "yes"
    jobs.start_import(jobs.require_job(current_user, token, now()), now(), skip_bad=skip)
    return redirect(url_for("imports.job", token=token), 303)


@blueprint.post("/<token>/stop")
def stop(token: str) -> AnyResponse:
    jobs.stop(jobs.require_job(current_user, token, now()), now())
    return redirect(url_for("imports.job", token=token), 303)


@blueprint.post("/<token>/check")
def check(token: str) -> AnyResponse:
    jobs.require_job(current_user, token, now())
    monitored_names.check_new(current_user, now())
    return redirect(url_for("imports.job", token=token), 303)


@blueprint.get("/<token>/left-out.csv")
def left_out(token: str) -> Response:
    path = jobs.left_out(jobs.require_job(current_user, token, now()))
    return exports.csv_file(_lines_of(path), "not-imported.csv", current_user.id)


@blueprint.get("/<token>/problems.csv")
def problems(token: str) -> Response:
    found = jobs.all_problems(jobs.require_job(current_user, token, now()))
    return exports.csv_file(_problem_lines(found), "import-problems.csv", current_user.id)


@blueprint.get("/example.csv")
def example() -> Response:
    lines = [csv_writer.MARK, render_template("admin/import_example.csv")]
    return exports.csv_file(lines, "import-example.csv", current_user.id)


def _upload_page(error: str = "", wrong: dict[str, str] | None = None) -> str:
    words = {"service": list(ServiceStatus), "domain": list(DomainStatus)}
    shown = {
        "columns": COLUMNS,
        "most_rows": MOST_ROWS,
        "most_bytes": MOST_UPLOAD_BYTES,
        "words": words,
        "pasted": request.form,
        "wrong": wrong or {},
    }
    return render_template("admin/import.html", error=error, **shown)


def _columns_page(found: job_files.ImportJob, how: Mapping | None = None, error: str = "") -> str:
    how = how or found.mapping
    try:
        sample = jobs.sample_of(found, how.encoding)
    except NotATable as told:  # not in the encoding that was chosen
        error = str(told)
        how = replace(how, encoding="")
        sample = jobs.sample_of(found, "")
    shown = {"sample": sample, "how": how, "error": error or found.error, "columns": COLUMNS}
    numbers = [n for n in range(len(sample.headings)) if n not in sample.secret and sample.cells[n]]
    shown["shown_columns"] = sorted({*numbers[:MOST_CHOICES], *how.columns.values()})
    return render_template("admin/import_columns.html", job=found, encodings=CHOICES, **shown)


def _lines_of(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from file


def _problem_lines(problems: Iterable[CellProblem]) -> Iterator[str]:
    rows = (
        (found.line, found.column, "error" if found.serious else "note", found.text)
        for found in problems
    )
    return csv_writer.lines(("line", "column", "weight", "problem"), rows)
