"""What staff do about rows of Today: each a page for the selected rows, whose form says what."""

from __future__ import annotations

from datetime import datetime, time, timedelta
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
from wtforms import SelectField, StringField

from webapp.errors import Refused
from webapp.notices import tasks
from webapp.notices.models import MOST_TASK_NOTE
from webapp.notices.name_rows import NameRow
from webapp.notices.tasks import Chosen, Done
from webapp.parsing import whole
from webapp.routes.forms import DayField, PageForm, at_most, stripped
from webapp.routes.gate import open_to_staff, own_path, staff_only
from webapp.routes.template_helpers import now, zone
from webapp.words import refusals
from webapp.words import tasks as say
from webapp.words.fields import label

MOST_NAMED = 20  # rows that a page names
MOST_SNOOZE_DAYS = 366

blueprint = Blueprint("tasks", __name__, url_prefix="/admin/today/selected")
blueprint.before_request(staff_only)


class AssignForm(PageForm):
    # One who was disabled meanwhile is refused in words of ours
    asked = SelectField(label("assigned"), validate_choice=False)

    def begin(self, rows: list[NameRow]) -> None:
        users = [(str(user.id), user.name) for user in tasks.colleagues()]
        self.asked.choices = [("", say.no_one()), *users]
        if not self.is_submitted():
            self.asked.data = str(current_user.id)

    def carry_out(self, chosen: Chosen) -> tuple[Done, str]:
        """What was done, and what a person is told of it. Raises `errors.Refused`."""
        id_ = whole(self.asked.data or "")
        done = tasks.assign(current_user, chosen, id_, now())
        name = dict(self.asked.choices).get(self.asked.data, "")
        told = say.assigned(done.changed, name) if id_ else say.unassigned(done.changed)
        return done, told


class SnoozeForm(PageForm):
    asked = DayField(label("snoozed_until"))

    def begin(self, rows: list[NameRow]) -> None:
        if not self.is_submitted():
            self.asked.data = (now().astimezone(zone()) + timedelta(days=1)).date()

    def carry_out(self, chosen: Chosen) -> tuple[Done, str]:
        if self.asked.data is None:
            raise Refused(say.day_missing())
        ahead = self.asked.data - now().astimezone(zone()).date()
        if not 1 <= ahead.days <= MOST_SNOOZE_DAYS:
            raise Refused(say.day_not_ahead(MOST_SNOOZE_DAYS))
        until = datetime.combine(self.asked.data, time(), zone())
        done = tasks.snooze(current_user, chosen, until, now(), zone())
        return done, say.snoozed(done.changed, until, zone())


class NoteForm(PageForm):
    asked = StringField(label("note"), filters=[stripped], validators=[at_most(MOST_TASK_NOTE)])

    def begin(self, rows: list[NameRow]) -> None:
        if not self.is_submitted() and len(rows) == 1:
            self.asked.data = rows[0].name.note

    def carry_out(self, chosen: Chosen) -> tuple[Done, str]:
        done = tasks.write_note(current_user, chosen, self.asked.data or "", now())
        return done, say.noted(done.changed)


FORMS: dict[str, type[AssignForm | SnoozeForm | NoteForm]] = {
    "assign": AssignForm,
    "snooze": SnoozeForm,
    "note": NoteForm,
}


@blueprint.post("")
@open_to_staff
def choose() -> Response:
    """From Today to the page of what is to be done, or does it where there is nothing to ask."""
    what, _, one = request.form.get("do", "").partition("-")
    texts = [one] if one else request.form.getlist("item")
    chosen = tasks.read_chosen(texts)
    if not chosen:
        flash(refusals.nothing_selected(), "warning")
    elif what == "take":
        done = tasks.assign(current_user, chosen, current_user.id, now())
        _tell(done, say.assigned(done.changed, current_user.name))
    elif what == "wake":
        done = tasks.snooze(current_user, chosen, None, now())
        _tell(done, say.snooze_ended(done.changed))
    elif what == "write":
        return redirect(url_for("letters.page", item=texts, back=_way_back()), 303)
    elif what in FORMS:
        return redirect(url_for("tasks.page", what=what, item=texts, back=_way_back()), 303)
    else:
        abort(400)
    return _back()


@blueprint.route("/<any(assign, snooze, note):what>", methods=["GET", "POST"])
@open_to_staff
def page(what: str) -> Response:
    chosen = tasks.read_chosen(request.values.getlist("item"))
    rows = tasks.rows_of(current_user, chosen)
    if not rows:
        flash(say.solved_meanwhile() if chosen else refusals.nothing_selected(), "warning")
        return _back()
    form = FORMS[what]()
    form.begin(rows)
    if not form.validate_on_submit():
        return _page(what, form, rows, chosen, 422 if form.is_submitted() else 200)
    try:
        done, told = form.carry_out(chosen)
    except Refused as error:
        form.asked.errors = [str(error)]
        return _page(what, form, rows, chosen, 422)
    if done.changed:
        flash(told, "success")
    if done.left:
        left = tasks.rows_of(current_user, done.left)
        as_stored = {row.name.id: row.name.version for row in left}
        conflict = say.changed_meanwhile(len(left))
        return _page(what, form, left, as_stored, 409, conflict=conflict)
    return _back()


def _page(
    what: str, form: PageForm, rows: list[NameRow], chosen: Chosen, status: int, **shown: Any
) -> Response:
    known = {"what": what, "form": form, "rows": rows, "back": _way_back(), "most": MOST_NAMED}
    known["chosen"] = chosen
    return make_response(render_template("tasks/page.html", **known, **shown), status)


def _tell(done: Done, told: str) -> None:
    if done.changed:
        flash(told, "success")
    if done.left:
        flash(say.changed_meanwhile(len(done.left)), "warning")


def _way_back() -> str:
    return own_path(request.values.get("back")) or url_for("today.page")


def _back() -> Response:
    return redirect(_way_back(), 303)
