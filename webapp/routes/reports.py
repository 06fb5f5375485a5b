"""The report SSL Status Monitoring: to read, to take away, and to check what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from webapp.customers import clients, monitored_names, padlocks
from webapp.errors import Refused
from webapp.notices import history, readiness
from webapp.reports import export, saved, selection, ssl_status
from webapp.reports.query import REASONS, ReportQuery, week_of
from webapp.routes import exports
from webapp.routes.gate import own_path, staff_only
from webapp.routes.template_helpers import REPORT_WORDS, now, zone
from webapp.words import confirmations, states, verdicts
from webapp.words import readiness as say_readiness
from webapp.words.report_filters import AGES, ANY, LABELS, ORIGINS, WINDOWS, week_text

MOST_PRINTED = 1000

blueprint = Blueprint("reports", __name__, url_prefix="/admin/reports")
blueprint.before_request(staff_only)


@blueprint.get("/ssl-status")
def ssl_status_page() -> str:
    report = ssl_status.report(current_user, _question(), now())
    views = saved.views_of(current_user) if current_user.is_admin else []
    return render_template(
        "reports/ssl_status.html",
        report=report,
        choices=_choices(report),
        known=padlocks.known,
        views=views,
    )


@blueprint.get("/ssl-status/print")
def ssl_status_print() -> str:
    question = _question()
    items, page = ssl_status.first_rows(current_user, question, now(), MOST_PRINTED)
    rows = [(item, padlocks.known(item, current_user, now())) for item in items]
    return render_template("reports/print.html", rows=rows, page=page, asked=_asked(question))


@blueprint.get("/ssl-status.csv")
def ssl_status_csv() -> Response:
    rows = export.rows(current_user, _question(), now(), zone())
    return exports.table_file(export.report_headings(), rows, "ssl-status")


@blueprint.get("/readiness")
def readiness_page() -> str:
    return _readiness("reports/readiness.html")


@blueprint.get("/history")
def history_page() -> str:
    return render_template("reports/history.html", periods=history.of_site(now()))


@blueprint.get("/readiness/print")
def readiness_print() -> str:
    return _readiness("reports/readiness_print.html")


@blueprint.get("/readiness.csv")
def readiness_csv() -> Response:
    columns = say_readiness.columns([limit.days for limit in readiness.LIMITS])
    return exports.table_file(columns, readiness.rows(), "readiness")


def _readiness(template: str) -> str:
    learns = current_app.config["PADLOCK_ALERTS"]
    report = readiness.report(now())
    return render_template(template, report=report, limits=readiness.LIMITS, learns=learns)


@blueprint.post("/ssl-status/check")
def ssl_status_check() -> AnyResponse:
    if request.form.get("all"):
        ids = selection.row_ids(current_user, selected_in(request.form), now())
        chosen = monitored_names.check_chosen(current_user, ids, now())
        flash(verdicts.many_asked_text(chosen), "success" if chosen else "warning")
        return _back()
    asked, left = padlocks.ask_many(current_user, request.form.getlist("item"), now())
    flash(verdicts.asked_text(asked, left), "success" if asked else "warning")
    return _back()


@blueprint.errorhandler(Refused)
def _refused(error: Refused) -> AnyResponse:
    flash(str(error), "warning")
    return _back()


@blueprint.post("/ssl-status/views")
def save_view() -> AnyResponse:
    try:
        view = saved.save(current_user, request.form.get("name", ""), _query(request.form), now())
        flash(confirmations.view_saved(view.name), "success")
    except saved.NotSaved as error:
        flash(str(error), "danger")
    return _back()


@blueprint.post("/ssl-status/views/<id:view_id>/delete")
def delete_view(view_id: int) -> AnyResponse:
    name = saved.delete(current_user, view_id, now())
    flash(confirmations.view_deleted(name), "success")
    return _back()


def asked_in(source: Any) -> dict[str, str]:
    """What this address or form asks the report, by the words of the address bar."""
    return {name: source[name] for name in REPORT_WORDS if name in source}


def selected_in(source: Any) -> selection.Selection:
    """What is selected in this form of the report."""
    if source.get("all"):
        return selection.Selection(finds=_question_in(source))
    return selection.Selection(source.getlist("item"))


def _question() -> ReportQuery:
    return _question_in(request.args)


def _question_in(source: Any) -> ReportQuery:
    texts = asked_in(source)
    return ReportQuery(search=texts.pop("q", ""), **texts)


def _query(form: Any) -> str:
    """What of this form is a question to the report, as the end of an address; the page is not
    kept."""
    asked = {name: form[name][:200] for name in REPORT_WORDS if name != "page" and form.get(name)}
    return url_for("reports.ssl_status_page", **asked).partition("?")[2]


def _back() -> AnyResponse:
    return redirect(own_path(request.form.get("back")) or url_for("reports.ssl_status_page"), 303)


def _choices(report: ssl_status.Report) -> list[tuple[str, str, str, list[tuple[str, str]]]]:
    """What the report can be filtered by: name, label, what it says when nothing is chosen, and the
    choices."""
    chosen = report.filters.get("expires", "")
    week = {chosen: _week_text(chosen)} if week_of(chosen) else {}
    choices: dict[str, Mapping[str, str]] = {
        "ssl": states.STATE_FILTERS,
        "reason": REASONS,
        "issuer": {issuer: issuer for issuer in report.issuers},
        "expires": {**WINDOWS, **week},
        "checked": AGES,
    }
    # Three have choices only where there is something to be found
    choices |= {"browsers": report.browsers} if report.browsers else {}
    choices |= {"origin": report.origins} if report.origins else {}
    choices |= {"tag": report.tags} if report.tags else {}
    return [(name, LABELS[name], ANY[name], [*of.items()]) for name, of in choices.items()]


def _asked(question: ReportQuery) -> list[str]:
    """The filters in words, for paper."""
    words = {
        "ssl": states.STATE_FILTERS,
        "reason": REASONS,
        "expires": WINDOWS,
        "checked": AGES,
        "origin": ORIGINS,
        "browsers": states.BROWSERS,
    }
    told = []
    for name, word in ssl_status.understood(question).items():
        text = words.get(name, {}).get(word, word)
        if name == "client":
            text = clients.require_client(int(word)).name
        elif name == "expires":
            text = _week_text(word) or text
        told.append(f"{LABELS[name]}: {text}")
    return told


def _week_text(word: str) -> str:
    """The week of a filter in words; empty where it is none."""
    monday = week_of(word)
    return week_text(monday) if monday else ""
