"""The mails that staff write to clients about the selected rows of Today: each as a draft first."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    Flask,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField, TextAreaField

from webapp import mail
from webapp.customers.note_text import note_or_none
from webapp.errors import Refused
from webapp.notices import letters, refused_addresses, tasks
from webapp.notices.letters import Draft, Letter
from webapp.routes.forms import PageForm, at_most, required, stripped
from webapp.routes.gate import open_to_staff, own_path, staff_only
from webapp.routes.template_helpers import now, zone
from webapp.words import letters as say
from webapp.words import refusals
from webapp.words import tasks as task_words
from webapp.words.fields import label

MOST_SUBJECT = 200  # characters
MOST_TEXT = 20_000
MOST_FORM_BYTES = 2 * 1024 * 1024  # many clients, each with many names

blueprint = Blueprint("letters", __name__, url_prefix="/admin/today/selected/write")
blueprint.before_request(staff_only)


class LetterForm(PageForm):
    """The mail to one client; the fields of several stand beside each other."""

    # What has ceased to be an address of theirs is refused in words of ours
    to = SelectField(label("to"), validate_choice=False)
    subject = StringField(
        label("subject"),
        filters=[stripped],
        validators=[*required(say.subject_missing), at_most(MOST_SUBJECT)],
    )
    text = TextAreaField(
        label("text"),
        filters=[note_or_none],
        validators=[*required(say.text_missing), at_most(MOST_TEXT)],
    )


def register(app: Flask) -> None:
    """Before the gate, which reads the form."""
    app.before_request(_let_letters_be_long)


def _let_letters_be_long() -> None:
    asked = request.endpoint == "letters.page" and current_user.is_authenticated
    if asked and current_user.sees_everything:
        request.max_content_length = MOST_FORM_BYTES
        request.max_form_memory_size = MOST_FORM_BYTES


@blueprint.route("", methods=["GET", "POST"])
@open_to_staff
def page() -> Response:
    chosen = tasks.read_chosen(request.values.getlist("item"))
    try:
        drafts = letters.drafts(current_user, chosen, now(), zone())
    except Refused as error:
        return _back(str(error))
    if not drafts:
        return _back(task_words.solved_meanwhile() if chosen else refusals.nothing_selected())
    forms = {draft.client.id: _form(draft) for draft in drafts if draft.addresses}
    ready = mail.ready(current_app)
    if request.method == "GET" or not ready:
        return _page(drafts, forms, chosen, 200)
    valid = [form.validate() for form in forms.values()]  # each says what is wrong
    if not all(valid):
        return _page(drafts, forms, chosen, 422)
    asked = {
        id_: Letter(form.to.data or "", form.subject.data, form.text.data)
        for id_, form in forms.items()
    }
    try:
        left = letters.send(current_user, chosen, asked, now())
    except Refused as error:
        return _page(drafts, forms, chosen, 409, problem=str(error))
    if left:
        as_stored = {row.name.id: row.name.version for row in tasks.rows_of(current_user, chosen)}
        problem = task_words.changed_meanwhile(len(left))
        return _page(drafts, forms, as_stored, 409, problem=problem)
    flash(say.sent(len(asked)), "success")
    return _back()


def _form(draft: Draft) -> LetterForm:
    data = {"to": draft.addresses[0], "subject": draft.subject, "text": draft.text}
    form = LetterForm(prefix=f"c{draft.client.id}-", data=data, meta={"csrf": False})
    form.to.choices = [(address, address) for address in draft.addresses]
    return form


def _page(
    drafts: list[Draft],
    forms: dict[int, LetterForm],
    chosen: tasks.Chosen,
    status: int,
    **shown: Any,
) -> Response:
    shown |= {"drafts": drafts, "forms": forms, "chosen": chosen, "back": _way_back()}
    shown["refused"] = refused_addresses.among(
        address for draft in drafts for address in draft.addresses
    )
    ready = mail.ready(current_app)
    return make_response(render_template("letters/page.html", ready=ready, **shown), status)


def _way_back() -> str:
    return own_path(request.values.get("back")) or url_for("today.page")


def _back(problem: str = "") -> Response:
    if problem:
        flash(problem, "warning")
    return redirect(_way_back(), 303)
