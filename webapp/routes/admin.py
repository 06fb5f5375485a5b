"""What administrators see: the services and domains of all clients."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.customers import access, concurrency, items, lists, padlocks, tags
from webapp.notices import health, item_warning, renewers, rules
from webapp.reports import export
from webapp.routes import diagnosis as diagnosis_pages
from webapp.routes import exports, first_steps
from webapp.routes import history as history_pages
from webapp.routes import items as item_pages
from webapp.routes.forms import PageForm, TagsField, VersionField, note_field
from webapp.routes.gate import fragment, open_to_staff, staff_only
from webapp.routes.template_helpers import list_query, now
from webapp.sources import owned
from webapp.words import confirmations, refusals
from webapp.words.fields import label

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
blueprint.before_request(staff_only)


@blueprint.get("/services")
def services() -> str:
    listing = lists.list_services(current_user, list_query(), now())
    return render_template("admin/services.html", listing=listing, known=padlocks.known)


@blueprint.get("/<any(services, domains):place>.csv")
def items_csv(place: str) -> Response:
    return exports.list_file(place.removesuffix("s"))


@blueprint.get("/clients.csv")
def clients_csv() -> Response:
    rows = export.client_rows(list_query())
    return exports.table_file(export.client_headings(), rows, "clients")


@blueprint.get("/tags")
@fragment
def tag_suggestions() -> str:
    """What a field for tags offers while a user types: its own text, and what may come next."""
    found = tags.suggest(next(iter(request.args.values()), ""))
    return render_template("components/tag_options.html", found=found)


@blueprint.post("/first-steps/hide")
def hide_first_steps() -> Response:
    return first_steps.hide()


@blueprint.get("/services/<id:item_id>")
def service(item_id: int) -> str:
    return item_page(access.require_service(current_user, item_id))


@blueprint.get("/domains")
def domains() -> str:
    listing = lists.list_domains(current_user, list_query(), now())
    return render_template("admin/domains.html", listing=listing, known=padlocks.known)


@blueprint.get("/domains/<id:item_id>")
def domain(item_id: int) -> str:
    return item_page(access.require_domain(current_user, item_id))


@blueprint.get("/<any(services, domains):place>/<id:item_id>/history")
def history(place: str, item_id: int) -> str:
    return history_pages.item_page(place.removesuffix("s"), item_id)


@blueprint.get("/<any(services, domains):place>/<id:item_id>/diagnosis")
def diagnosis(place: str, item_id: int) -> str:
    return diagnosis_pages.diagnosis_page(place.removesuffix("s"), item_id)


class NoteForm(PageForm):
    version = VersionField()
    note = note_field()
    tags = TagsField(label("tags"))


@blueprint.post("/<any(services, domains):place>/<id:item_id>/note")
@open_to_staff
def write_note(place: str, item_id: int) -> Response:
    item = access.require_item(current_user, place.removesuffix("s"), item_id)
    form = NoteForm()
    if not form.validate_on_submit():
        return make_response(item_page(item, form), 422)
    asked = (form.version.data, form.note.data, form.tags.data)
    try:
        items.write_note(current_user, item.kind, item_id, *asked, now())
    except concurrency.ChangedMeanwhile:
        return make_response(item_page(item, form, refusals.changed_meanwhile()), 409)
    flash(confirmations.note_saved(), "success")
    return redirect(url_for(f"admin.{item.kind}", item_id=item_id), 303)


def item_page(
    item: access.Item, form: NoteForm | None = None, conflict: str = "", mute_problem: str = ""
) -> str:
    shown = {
        "form": form or NoteForm(obj=item),
        "conflict": conflict,
        "standing": padlocks.known(item, current_user, now()),
        "history": padlocks.history(item),
        "www": item_pages.www_offered(item),
        "warning": item_warning.warning_of(item, now()),
        "origin": owned.origin_of(item),
        "who_renews": renewers.who_renews(item, rules.book()),
        "mute_problem": mute_problem,
        "warnings_off": health.why_off(),
    }
    return render_template(f"admin/{item.kind}.html", item=item, **shown)
