"""Clients: the list, one of them with all that is theirs, and what administrators do to them."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import StringField

from webapp.customers import client_list, clients, concurrency, home, lists, padlocks
from webapp.customers.models import Client
from webapp.notices import history as history_of
from webapp.notices import refused_addresses
from webapp.routes.account_fields import contact_email_field, name_field
from webapp.routes.forms import (
    PageForm,
    TagsField,
    VersionField,
    at_most,
    none_if_empty,
    note_field,
)
from webapp.routes.gate import admins_only_but, fragment
from webapp.routes.template_helpers import list_query, now
from webapp.sources import owned
from webapp.words import confirmations, refusals
from webapp.words.fields import label

blueprint = Blueprint("clients", __name__, url_prefix="/admin/clients")
blueprint.before_request(
    admins_only_but(
        *(
            "clients.index",
            "clients.suggestions",
            "clients.show",
            "clients.services",
            "clients.domains",
            "clients.history",
        )
    )
)


class ClientForm(PageForm):
    name = name_field("name")
    reference = StringField(
        label("reference"),
        filters=[none_if_empty],
        validators=[at_most(64)],
    )
    contact_email = contact_email_field()
    note = note_field()
    tags = TagsField(label("tags"))
    version = VersionField()

    @property
    def asked(self) -> clients.ClientDetails:
        facts = (self.reference.data, self.contact_email.data, self.note.data, self.tags.data)
        return clients.ClientDetails(self.name.data, *facts)


@blueprint.get("")
def index() -> str:
    return render_template("clients/list.html", listing=client_list.list_clients(list_query()))


@blueprint.get("/suggestions")
@fragment
def suggestions() -> str:
    """What a field that takes a client offers while a user types."""
    text = request.args.get("to") or request.args.get("client", "")  # as a form calls it
    found = clients.suggest(text)
    return render_template(
        "clients/suggestions.html", found=list(zip(clients.client_texts(found), found, strict=True))
    )


@blueprint.get("/<id:client_id>")
def show(client_id: int) -> str:
    client = clients.require_client(client_id)
    shown = {
        "overview": home.overview(current_user, now(), client),
        "users": clients.users_of(client),
        "origin": owned.origin_of(client),
        "refused": refused_addresses.of_client(client),
    }
    return render_template(
        "clients/show.html", client=client, tab="show", known=padlocks.known, **shown
    )


@blueprint.get("/<id:client_id>/services")
def services(client_id: int) -> str:
    client = clients.require_client(client_id)
    listing = lists.list_services(current_user, list_query(), now(), of=client)
    return render_template(
        "clients/services.html",
        client=client,
        tab="services",
        listing=listing,
        known=padlocks.known,
    )


@blueprint.get("/<id:client_id>/domains")
def domains(client_id: int) -> str:
    client = clients.require_client(client_id)
    listing = lists.list_domains(current_user, list_query(), now(), of=client)
    return render_template(
        "clients/domains.html", client=client, tab="domains", listing=listing, known=padlocks.known
    )


@blueprint.get("/<id:client_id>/history")
def history(client_id: int) -> str:
    client = clients.require_client(client_id)
    periods = history_of.of_client(current_user, client, now())
    return render_template("clients/history.html", client=client, tab="history", periods=periods)


@blueprint.route("/new", methods=["GET", "POST"])
def add() -> Response:
    form = ClientForm()
    if form.validate_on_submit():
        try:
            client = clients.add(current_user, form.asked, now())
        except concurrency.Taken as error:
            form.reference.errors = [str(error)]
        else:
            flash(confirmations.added(client.name), "success")
            return redirect(url_for("clients.show", client_id=client.id), 303)
    return make_response(
        render_template("clients/new.html", form=form), 422 if form.is_submitted() else 200
    )


@blueprint.route("/<id:client_id>/edit", methods=["GET", "POST"])
def edit(client_id: int) -> Response:
    client = clients.require_client(client_id)
    form = ClientForm(obj=client)
    if not form.validate_on_submit():
        return _edit_page(client, form, 422 if form.is_submitted() else 200)
    try:
        clients.change(current_user, client_id, form.version.data, form.asked, now())
    except concurrency.ChangedMeanwhile:
        return _edit_page(client, form, 409)
    except concurrency.Taken as error:
        form.reference.errors = [str(error)]
        return _edit_page(client, form, 422)
    flash(confirmations.saved(form.name.data), "success")
    return redirect(url_for("clients.show", client_id=client_id), 303)


@blueprint.route("/<id:client_id>/delete", methods=["GET", "POST"])
def delete(client_id: int) -> Response:
    client = clients.require_client(client_id)
    form = DeleteClientForm(obj=client)
    conflict = False
    if form.validate_on_submit():
        try:
            name = clients.remove(
                current_user, client_id, form.version.data, form.seen.data, now(), form.typed.data
            )
        except concurrency.ChangedMeanwhile:
            conflict = True
        except clients.NotTheName as error:
            form.typed.errors = [str(error)]
        else:
            flash(confirmations.deleted(name), "success")
            return redirect(url_for("clients.index"), 303)
    goes = {"counts": client_list.counts_of(client), "seen": clients.what_goes_with(client)}
    shown = {"client": client, "conflict": conflict, "form": form, **goes}
    status = 409 if conflict else 422 if form.typed.errors else 200
    return make_response(render_template("clients/delete.html", **shown), status)


class DeleteClientForm(PageForm):
    version = VersionField()
    seen = StringField(default="")
    typed = StringField(label("client_name"), default="")


def _edit_page(client: Client, form: ClientForm, status: int) -> Response:
    """The form.

    Where another user was faster, the input is kept and what is stored stands beside it: saving
    once more is then meant.
    """
    shown = {
        "client": client,
        "origin": owned.origin_of(client),
        "form": form,
        "conflict": refusals.changed_meanwhile() if status == 409 else "",
    }
    return make_response(render_template("clients/edit.html", **shown), status)
