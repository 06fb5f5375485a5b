"""The texts of the mails that warn: shown, previewed, changed, and brought back to the default."""

from __future__ import annotations

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
from wtforms import SelectField, StringField, TextAreaField

from webapp.customers.concurrency import ChangedMeanwhile
from webapp.notices import mail_making, mail_samples, mail_templates
from webapp.notices.mail_templates import MailText
from webapp.notices.models import MOST_BODY_CHARACTERS, MOST_SUBJECT_CHARACTERS, Audience
from webapp.routes.forms import PageForm, at_most, required, stripped
from webapp.routes.gate import admins_only_but, fragment
from webapp.routes.template_helpers import now
from webapp.words import mail_templates as say
from webapp.words import refusals
from webapp.words.fields import label

blueprint = Blueprint("mail_texts", __name__, url_prefix="/admin/warnings/mails")
blueprint.before_request(admins_only_but("mail_texts.page"))
_OF = "/<any(staff, clients):audience>"


def _in_lines(text: str | None) -> str | None:
    """As browsers send it and as it is stored differ in the ends of lines."""
    return None if text is None else "\n".join(text.splitlines()).strip()


class MailTextForm(PageForm):
    subject = StringField(
        label("mail_subject"),
        filters=[stripped],
        validators=[*required(say.subject_missing), at_most(MOST_SUBJECT_CHARACTERS)],
    )
    body = TextAreaField(
        label("mail_body"),
        filters=[_in_lines],
        validators=[*required(say.body_missing), at_most(MOST_BODY_CHARACTERS)],
    )
    sample = SelectField(
        label("mail_sample"), choices=lambda: list(say.SAMPLES.items()), default="problems"
    )
    version = StringField()  # of the text that the form was opened with

    @property
    def text(self) -> MailText:
        return MailText(self.subject.data, self.body.data)

    def renders(self, audience: Audience) -> bool:
        """Whether all of it is right; else it says beside its field what is not."""
        if not self.validate():
            return False
        problems = mail_samples.problems(audience, self.text, now())
        for field, problem in problems.items():
            self[field].errors = [problem]
        return not problems


@blueprint.get("")
def page() -> str:
    texts = [(one, mail_templates.text_of(one)) for one in Audience]
    return render_template("mail_texts/page.html", texts=texts, default=mail_templates.default())


@blueprint.route(_OF, methods=["GET", "POST"])
def edit(audience: str) -> Response:
    """The form: shown, previewed or saved."""
    whose = Audience(audience)
    stored = mail_templates.text_of(whose)
    form = MailTextForm(data={**stored._asdict(), "version": stored.version})
    if not form.is_submitted():
        return _form(whose, form)
    if not form.renders(whose):
        return _form(whose, form, 422)
    if request.form.get("do") != "save":
        return _form(whose, form, shows=True)
    try:
        mail_templates.save(current_user, whose, form.text, form.version.data, now())
    except ChangedMeanwhile:
        return _form(whose, form, 409)
    flash(say.saved(say.AUDIENCES[whose]), "success")
    return redirect(url_for("mail_texts.page"), 303)


@blueprint.post(f"{_OF}/html")
@fragment
def html(audience: str) -> str:
    """The HTML of the mail in a preview, for a frame in which no script runs."""
    form = MailTextForm()
    if not form.renders(Audience(audience)):
        abort(422)
    facts = mail_samples.sample(Audience(audience), form.sample.data, now())
    return mail_making.make(form.text, facts).html


@blueprint.route(f"{_OF}/restore", methods=["GET", "POST"])
def restore(audience: str) -> str | Response:
    """Asks first: what was written is deleted."""
    whose = Audience(audience)
    if request.method == "GET":
        return render_template("mail_texts/restore.html", audience=whose)
    mail_templates.restore(current_user, whose, now())
    flash(say.restored(say.AUDIENCES[whose]), "success")
    return redirect(url_for("mail_texts.page"), 303)


def _form(
    audience: Audience, form: MailTextForm, status: int = 200, *, shows: bool = False
) -> Response:
    """The form. Where another user was faster, the input is kept: saving once more is then
    meant."""
    facts = mail_samples.sample(audience, form.sample.data, now()) if shows else None
    stored = mail_templates.text_of(audience)
    shown = {
        "audience": audience,
        "form": form,
        "mail": mail_making.make(form.text, facts) if facts else None,
        "stored": stored,
        "is_default": stored == mail_templates.default(),
        "conflict": refusals.changed_meanwhile() if status == 409 else "",
    }
    return make_response(render_template("mail_texts/form.html", **shown), status)
