"""Sources: billing systems that clients, services and domains are read from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import BooleanField, Field, RadioField, StringField, ValidationError
from wtforms.validators import InputRequired

from webapp import csv_writer
from webapp.customers.concurrency import Taken
from webapp.parsing import whole
from webapp.routes import exports
from webapp.routes.forms import PageForm, at_most, stripped
from webapp.routes.gate import admins_only_but, fragment
from webapp.routes.template_helpers import now
from webapp.sources import address, kept_runs, orders, registry
from webapp.sources.models import GONE_PERCENT, PROPERTY_KEY, Mode, Source
from webapp.words import sources as say
from webapp.words.fields import label
from webapp.words.translation import LazyText

MOST_CREDENTIAL_CHARACTERS = 1000

blueprint = Blueprint("sources", __name__, url_prefix="/admin/sources")
blueprint.before_request(admins_only_but())


def _credential(name: str) -> StringField:
    checks = [at_most(MOST_CREDENTIAL_CHARACTERS)]
    return StringField(label(f"source_{name}"), filters=[_trimmed], validators=checks)


def _trimmed(text: str | None) -> str:
    return (text or "").strip()


class SourceForm(PageForm):
    """Credentials are never shown: where all of a source's are empty, they stay as they are."""

    name = StringField(
        label("name"),
        filters=[stripped],
        validators=[InputRequired(LazyText(say.bad_name)), at_most(registry.MOST_NAME_CHARACTERS)],
    )
    kind = RadioField(
        label("source_kind"),
        choices=lambda: list(say.SOURCE_LABELS.items()),
        validators=[InputRequired(LazyText(say.kind_missing))],
    )
    url = StringField(
        label("source_url"),
        filters=[stripped],
        validators=[InputRequired(LazyText(say.bad_url)), at_most(address.MOST_URL_CHARACTERS)],
    )
    identifier = _credential("identifier")
    secret = _credential("secret")
    access_key = _credential("access_key")
    api_key = _credential("api_key")
    token = _credential("token")
    watch_other = BooleanField(label("source_watch_other"))
    property_key = StringField(
        label("source_property_key"), filters=[stripped], validators=[at_most(60)]
    )
    gone_percent = StringField(label("source_gone_percent"))
    add_users = BooleanField(label("source_add_users"))

    def validate_gone_percent(self, field: Field) -> None:
        number = whole(str(field.data).strip())
        if number is None or number > 100:
            raise ValidationError(say.bad_percent())

    def validate_property_key(self, field: Field) -> None:
        if self.kind.data == "paymenter" and not field.data:
            raise ValidationError(say.bad_property_key())

    def credentials_of(self, kind: str) -> list[Field]:
        """The fields of this kind."""
        needed, optional = registry.CREDENTIALS[kind]
        return [field for field in self if field.name in needed | optional]

    def settings(self, *, new: bool) -> registry.Settings:
        """What was entered. Where a credential is missing, its field has an error."""
        kind = self.kind.data
        needed, _ = registry.CREDENTIALS[kind]
        found = {field.name: field.data for field in self.credentials_of(kind) if field.data}
        if found or new:
            for name in needed - found.keys():
                self[name].errors = [say.credential_missing()]
        return registry.Settings(
            self.name.data,
            kind,
            self.url.data,
            found if found or new else None,
            self.watch_other.data,
            self.property_key.data or PROPERTY_KEY,
            whole(str(self.gone_percent.data).strip()) or 0,
            self.add_users.data,
        )


@blueprint.get("")
def index() -> str:
    found = [
        (
            source,
            registry.last_run(source, Mode.SYNC, Mode.PREVIEW)
            or registry.last_run(source, Mode.TEST),
            orders.state(source.id, now()),
        )
        for source in registry.listed()
    ]
    return render_template("sources/list.html", sources=found)


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Response:
    usual = {"gone_percent": GONE_PERCENT, "property_key": PROPERTY_KEY}
    return _edit(None, SourceForm(data=usual))


@blueprint.route("/<id:source_id>/edit", methods=["GET", "POST"])
def edit(source_id: int) -> Response:
    source = registry.get(source_id)
    form = SourceForm(obj=source)
    form.kind.data = source.kind  # which stays
    form.kind.raw_data = [source.kind]
    return _edit(source, form)


@blueprint.get("/<id:source_id>")
def page(source_id: int) -> str:
    source = registry.get(source_id)
    return render_template(
        "sources/page.html",
        source=source,
        state=orders.state(source_id, now()),
        overview=kept_runs.overview(source),
        may_sync=orders.may_sync(source),
        counts=registry.counts_of(source_id),
    )


@blueprint.get("/<id:source_id>/progress")
@fragment
def progress(source_id: int) -> Response:
    """How far the run is. Once it has ended, the page is loaded again and shows how."""
    source = registry.get(source_id)
    state = orders.state(source_id, now())
    response = make_response(render_template("sources/progress.html", source=source, state=state))
    if state is None or not state.running:
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/<id:source_id>/<any(sync, preview, test):mode>")
def start(source_id: int, mode: str) -> Response:
    shown = whole(request.form.get("agreed_run", "")) or 0
    agreed = kept_runs.gone_percents(source_id, shown)
    orders.start(current_user, source_id, now(), Mode(mode), agreed)
    return redirect(url_for("sources.page", source_id=source_id), 303)


@blueprint.post("/<id:source_id>/<any(pause, resume):what>")
def pause(source_id: int, what: str) -> Response:
    name = registry.get(source_id).name
    registry.pause(current_user, source_id, now(), paused=what == "pause")
    flash(say.paused(name) if what == "pause" else say.resumed(name), "success")
    return redirect(url_for("sources.page", source_id=source_id), 303)


@blueprint.get("/<id:source_id>/remove")
def remove_page(source_id: int) -> str:
    source = registry.get(source_id)
    counts = registry.counts_of(source_id)
    return render_template("sources/remove.html", source=source, counts=counts)


@blueprint.post("/<id:source_id>/remove")
def remove(source_id: int) -> Response:
    flash(say.removed(registry.remove(current_user, source_id, now())), "success")
    return redirect(url_for("sources.index"), 303)


@blueprint.get("/<id:source_id>/problems.csv")
def problems(source_id: int) -> Response:
    found = kept_runs.all_problems(registry.get(source_id))
    return exports.csv_file(_problem_lines(found), "source-problems.csv", current_user.id)


def _edit(source: Source | None, form: SourceForm) -> Response:
    if form.validate_on_submit():
        settings = form.settings(new=source is None)
    if form.is_submitted() and not form.errors:
        try:
            if source is None:
                saved = registry.add(current_user, settings, now())
            else:
                saved = registry.change(current_user, source.id, settings, now())
        except registry.BadValue as error:
            _field_of(form, error.field).errors = [str(error)]
        except Taken as error:
            form.name.errors = [str(error)]
        else:
            orders.start(current_user, saved.id, now(), Mode.TEST)
            flash(say.saved(saved.name), "success")
            return redirect(url_for("sources.page", source_id=saved.id), 303)
    page_ = render_template("sources/form.html", form=form, source=source)
    return make_response(page_, 422 if form.is_submitted() else 200)


def _field_of(form: SourceForm, name: str) -> Field:
    """The field that a wrong value was entered into: the first one of the credentials, for them."""
    return form.credentials_of(form.kind.data)[0] if name == "credentials" else form[name]


def _problem_lines(problems: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    rows = (
        (found["row"], found["field"], "error" if found["serious"] else "note", found["words"])
        for found in problems
    )
    return csv_writer.lines(("row", "field", "weight", "problem"), rows)
