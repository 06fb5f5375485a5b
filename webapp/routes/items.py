"""What administrators do to services and domains: add, edit, move to another client, delete."""

from __future__ import annotations

from collections.abc import Callable

from flask import (
    Blueprint,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import BooleanField, Field, StringField, ValidationError

from webapp import probe
from webapp.customers import access, clients, concurrency, items
from webapp.customers.access import Item
from webapp.customers.models import DomainStatus, Service, ServiceStatus
from webapp.customers.www_name import www_name
from webapp.parsing import whole
from webapp.routes.forms import (
    DayField,
    PageForm,
    TagsField,
    VersionField,
    WholeField,
    at_most,
    client_asked_for,
    is_address,
    names_a_client,
    none_if_empty,
    renewer_field,
    required,
    status_field,
    stripped,
)
from webapp.routes.gate import admins_only_but, fragment
from webapp.routes.template_helpers import now
from webapp.sources import owned
from webapp.words import confirmations, hostnames, refusals
from webapp.words.fields import label

OFFERED = "www offered"  # in the session: kind and id of an item that was just added

blueprint = Blueprint("items", __name__, url_prefix="/admin/<any(services, domains):place>")
blueprint.before_request(admins_only_but())


def _text(field: str, most: int, missing: Callable[[], str] | None = None) -> StringField:
    checks = required(missing) if missing else []
    return StringField(label(field), filters=[stripped], validators=[*checks, at_most(most)])


def _owner() -> StringField:
    checks = [at_most(200), names_a_client]
    return StringField(label("client"), filters=[stripped], validators=checks, name="client")


def _reference() -> StringField:
    return StringField(label("reference"), filters=[none_if_empty], validators=[at_most(64)])


def _new_client() -> BooleanField:
    return BooleanField(label("new_client"))


class ServiceForm(PageForm):
    owner = _owner()  # an item has a `client` too, which is none of the form's
    new_client = _new_client()
    version = VersionField()
    product = _text("product", 200, refusals.product_missing)
    domain = _text("domain", 255)
    status = status_field("status", ServiceStatus, ServiceStatus.ACTIVE)
    next_due_on = DayField(label("next_due"))
    reference = _reference()
    server_address = StringField(label("server"), filters=[none_if_empty], validators=[is_address])
    who_renews = renewer_field()
    tags = TagsField(label("tags"))

    @property
    def asked(self) -> items.Details:
        words = self.product.data, self.domain.data or "", ServiceStatus(self.status.data)
        facts = (self.next_due_on.data, self.reference.data, self.server_address.data)
        return items.ServiceDetails(*words, *facts, self.who_renews.data, self.tags.data)


class DomainForm(PageForm):
    owner = _owner()  # an item has a `client` too, which is none of the form's
    new_client = _new_client()
    version = VersionField()
    name = _text("domain", 255, refusals.domain_missing)
    status = status_field("status", DomainStatus, DomainStatus.ACTIVE)
    registered_on = DayField(label("registered"))
    expires_on = DayField(label("registered_until"))
    tags = TagsField(label("tags"))

    def validate_name(self, field: Field) -> None:
        try:
            probe.understand(field.data, current_app.config["PADLOCK_PORTS"])
        except probe.NotCheckable as error:
            raise ValidationError(_refusal_text(error)) from None

    def validate_expires_on(self, field: Field) -> None:
        if field.data and self.registered_on.data and field.data < self.registered_on.data:
            raise ValidationError(refusals.expires_too_early())

    @property
    def asked(self) -> items.Details:
        return items.DomainDetails(
            self.name.data,
            DomainStatus(self.status.data),
            self.registered_on.data,
            self.expires_on.data,
            self.tags.data,
        )


class ConfirmForm(PageForm):
    """What was shown before a user agreed to it."""

    version = VersionField()
    to = WholeField()  # the id of a client, for a move


FORMS: dict[str, type[ServiceForm | DomainForm]] = {"services": ServiceForm, "domains": DomainForm}


@blueprint.route("/new", methods=["GET", "POST"])
def add(place: str) -> Response:
    form = FORMS[place](data={"owner": client_asked_for(), "new_client": not clients.any_client()})
    if form.validate_on_submit():
        new = {"new_client": form.new_client.data}
        try:
            item = items.add(current_user, form.owner.data or "", form.asked, now(), **new)
        except clients.NoSuchClient as error:
            form.owner.errors = [str(error)]
        except concurrency.Taken as error:
            _unique(form).errors = [str(error)]
        else:
            session[OFFERED] = [item.kind, item.id]
            return _saved(item, confirmations.added(_name(item)))
    status = 422 if form.is_submitted() else 200
    return make_response(render_template("items/new.html", form=form, place=place), status)


@blueprint.post("/<id:item_id>/www")
def add_www(place: str, item_id: int) -> Response:
    """Adds what `www_offered` offers; nothing where it is there by now."""
    item = items.add_www(current_user, place.removesuffix("s"), item_id, now())
    if item is None:
        return redirect(url_for(f"admin.{place.removesuffix('s')}", item_id=item_id), 303)
    return _saved(item, confirmations.added(_name(item)))


def www_offered(item: Item) -> str | None:
    """The www. name to offer on the page of an item that was just added; once."""
    return www_name(item) if session.pop(OFFERED, None) == [item.kind, item.id] else None


@blueprint.route("/<id:item_id>/edit", methods=["GET", "POST"])
def edit(place: str, item_id: int) -> Response:
    item = _item(place, item_id)
    form = FORMS[place](obj=item)
    del form.owner, form.new_client  # Move is for that
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            items.change(current_user, item.kind, item_id, form.version.data, form.asked, now())
        except concurrency.ChangedMeanwhile:
            status = 409
        except concurrency.Taken as error:
            _unique(form).errors = [str(error)]
            status = 422
        else:
            return _saved(item, confirmations.saved(_name(item)))
    shown = {
        "item": item,
        "origin": owned.origin_of(item),
        "place": place,
        "form": form,
        "conflict": refusals.changed_meanwhile() if status == 409 else "",
    }
    return make_response(render_template("items/edit.html", **shown), status)


@blueprint.get("/<id:item_id>/move")
def move_to(place: str, item_id: int) -> str:
    """First asks for the new client, then shows what moving changes."""
    item = _item(place, item_id)
    if (to := whole(request.args.get("to", ""))) is not None:
        return _move_page(item, to)
    return render_template("items/move.html", item=item, place=place, **_found())


@blueprint.get("/<id:item_id>/move/clients")
@fragment
def move_clients(place: str, item_id: int) -> Response:
    """The clients that are found while a user types.

    The address keeps what was typed: a user who chooses one and comes back finds it again.
    """
    page = render_template(
        "items/move_clients.html", item=_item(place, item_id), place=place, **_found()
    )
    search = request.args.get("q") or None
    address = url_for("items.move_to", place=place, item_id=item_id, q=search)
    return make_response(page, {"HX-Replace-Url": address})


@blueprint.post("/<id:item_id>/move")
def move(place: str, item_id: int) -> Response:
    item = _item(place, item_id)
    form = ConfirmForm()
    try:
        client = items.move(
            current_user, item.kind, item_id, form.version.data, form.to.data, now()
        )
    except concurrency.ChangedMeanwhile:
        return make_response(_move_page(item, form.to.data, refusals.changed_meanwhile()), 409)
    except concurrency.Taken as error:
        return make_response(_move_page(item, form.to.data, str(error)), 422)
    flash(confirmations.moved(_name(item), client.name), "success")
    return redirect(url_for(f"admin.{item.kind}", item_id=item_id), 303)


@blueprint.route("/<id:item_id>/delete", methods=["GET", "POST"])
def delete(place: str, item_id: int) -> Response:
    item = _item(place, item_id)
    form = ConfirmForm()
    conflict = ""
    if form.validate_on_submit():
        try:
            name = items.remove(current_user, item.kind, item_id, form.version.data, now())
        except concurrency.ChangedMeanwhile:
            conflict = refusals.changed_meanwhile()
        else:
            flash(confirmations.deleted(name), "success")
            return redirect(url_for(f"admin.{place}"), 303)
    shown = {"conflict": conflict, "origin": owned.origin_of(item)}
    page = render_template("items/delete.html", item=item, place=place, **shown)
    return make_response(page, 409 if conflict else 200)


def _item(place: str, item_id: int) -> Item:
    return access.require_item(current_user, place.removesuffix("s"), item_id)


def _found() -> dict[str, object]:
    search = request.args.get("q", "")
    return {"search": search, "found": clients.suggest(search)}


def _move_page(item: Item, client_id: int, problem: str = "") -> str:
    client = clients.require_client(client_id)
    shown = {
        "losing": clients.users_of(item.client),
        "gaining": clients.users_of(client),
        "problem": problem,
        "origin": owned.origin_of(item),
    }
    return render_template(
        "items/move_confirm.html", item=item, client=client, place=f"{item.kind}s", **shown
    )


def _saved(item: Item, told: str) -> Response:
    flash(told, "success")
    refused = item.refusal
    if item.active and refused is not None:
        flash(confirmations.stays_grey(_refusal_text(refused)), "warning")
    if left_out := hostnames.left_out_texts(item.entered):
        flash(" ".join(left_out), "info")
    return redirect(url_for(f"admin.{item.kind}", item_id=item.id), 303)


def _refusal_text(refused: probe.NotCheckable) -> str:
    return hostnames.refusal_text(refused.refusal, refused.allowed, admin=True)


def _unique(form: ServiceForm | DomainForm) -> Field:
    """The field that holds what may be there only once."""
    return form.reference if isinstance(form, ServiceForm) else form.name


def _name(item: Item) -> str:
    return item.shown_name or (item.product if isinstance(item, Service) else "")
