"""Warnings: the rules that say when they are sent, and what staff do about a name."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from flask import (
    Blueprint,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.customers import access
from webapp.errors import Refused
from webapp.notices import acts, health, mails, rehearsals, rules, subjects
from webapp.notices.models import Scope
from webapp.notices.rules import Subject
from webapp.routes import admin
from webapp.routes.gate import admins_only_but, open_to_staff
from webapp.routes.rule_form import RuleForm, form_data
from webapp.routes.template_helpers import now, zone
from webapp.words import alert_rules as say

MOST_LISTED = 50  # messages of a rehearsal, the last ones

blueprint = Blueprint("warnings", __name__, url_prefix="/admin")
blueprint.before_request(admins_only_but("warnings.page", "warnings.act"))


@blueprint.get("/warnings")
def page() -> str:
    return _page()


@blueprint.route("/warnings/rule", methods=["GET", "POST"])
def rule() -> Response:
    """One rule: shown, rehearsed, saved or removed."""
    scope = request.values.get("scope", Scope.SITE)
    text = request.values.get("of", "")
    if scope not in set(Scope):
        abort(404)
    try:
        subject = subjects.find(Scope(scope), text)
    except Refused as error:
        return make_response(_page(scope=scope, text=text, problem=str(error)), 422)
    form = RuleForm(data=form_data(rules.rule_of(subject)))
    form.offer(subject.scope)
    what = request.form.get("do")
    if not form.is_submitted():
        return make_response(_rule_page(subject, form))
    if what == "remove":
        return _saved(subject, {}, say.rule_removed())
    if not form.is_right():
        return make_response(_rule_page(subject, form), 422)
    if what == "rehearse":
        return make_response(_rule_page(subject, form, rehearse=True))
    return _saved(subject, form.asked, say.rule_saved())


@blueprint.post(
    "/<any(services, domains):place>/<id:item_id>/warnings/<any(mute, unmute, acknowledge):what>"
)
@open_to_staff
def act(place: str, item_id: int, what: str) -> Response:
    item = access.require_item(current_user, place.removesuffix("s"), item_id)
    if what == "mute":
        text = request.form.get("until", "")
        until = _start_of(text)
        if (until is not None and until <= now()) or (text and until is None):
            return make_response(admin.item_page(item, mute_problem=say.not_in_the_future()), 422)
        acts.mute(current_user, item, until, now())
    elif what == "unmute":
        acts.unmute(current_user, item, now())
    else:
        acts.acknowledge(current_user, item, now())
    flash(say.done(what), "success")
    return redirect(url_for(f"admin.{item.kind}", item_id=item_id), 303)


def _start_of(day: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(day), time(), zone())
    except ValueError:
        return None


def _page(**refused: Any) -> str:
    shown = {"site": say.rule_facts(rules.DEFAULTS | rules.rule_of(Subject(Scope.SITE)))}
    listed = [(subject, say.rule_facts(one)) for subject, one in rules.rows()]
    return render_template(
        "warnings/page.html", rows=listed, off=health.why_off(), **shown, **refused
    )


def _rule_page(subject: Subject, form: RuleForm, *, rehearse: bool = False) -> str:
    rehearsed = rehearsals.rehearse(subject, form.asked, now()) if rehearse else None
    told = rehearsed.after[: -MOST_LISTED - 1 : -1] if rehearsed else ()
    shown = {
        "rehearsed": rehearsed,
        "listed": [(message.at, mails.subject_of(message)) for message in told],
        "past": rehearsals.PAST,
        "has_rule": bool(rules.rule_of(subject)),
        "defaults": form_data(rules.DEFAULTS),
    }
    return render_template("warnings/rule.html", subject=subject, form=form, **shown)


def _saved(subject: Subject, rule: dict[str, Any], told: str) -> Response:
    rules.save(current_user, subject, rule, now())
    flash(told, "success")
    return redirect(url_for("warnings.page"), 303)
