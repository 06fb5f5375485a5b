"""What the users of a client see: their own services and domains."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from flask_login import current_user

from webapp.customers import access, home, lists, padlocks
from webapp.notices import history as history_of
from webapp.routes import diagnosis as diagnosis_pages
from webapp.routes import exports
from webapp.routes import history as history_pages
from webapp.routes.gate import clients_only
from webapp.routes.template_helpers import list_query, now

blueprint = Blueprint("client", __name__)
blueprint.before_request(clients_only)


@blueprint.get("/home")
def overview() -> str:
    shown = home.overview(current_user, now())
    return render_template("client/home.html", overview=shown, known=padlocks.known)


@blueprint.get("/services")
def services() -> str:
    listing = lists.list_services(current_user, list_query(), now())
    return render_template("client/services.html", listing=listing, known=padlocks.known)


@blueprint.get("/services/<id:item_id>")
def service(item_id: int) -> str:
    item = access.require_service(current_user, item_id)
    tab = "domain" if request.args.get("tab") == "domain" else "overview"
    shown = {
        "standing": padlocks.known(item, current_user, now()),
        "history": padlocks.history(item),
    }
    return render_template("client/service.html", item=item, tab=tab, **shown)


@blueprint.get("/domains")
def domains() -> str:
    listing = lists.list_domains(current_user, list_query(), now())
    return render_template("client/domains.html", listing=listing, known=padlocks.known)


@blueprint.get("/domains/<id:item_id>")
def domain(item_id: int) -> str:
    item = access.require_domain(current_user, item_id)
    shown = {
        "standing": padlocks.known(item, current_user, now()),
        "history": padlocks.history(item),
    }
    return render_template("client/domain.html", item=item, **shown)


@blueprint.get("/<any(services, domains):place>.csv")
def items_csv(place: str) -> Response:
    return exports.list_file(place.removesuffix("s"))


@blueprint.get("/<any(services, domains):place>/<id:item_id>/history")
def history(place: str, item_id: int) -> str:
    return history_pages.item_page(place.removesuffix("s"), item_id)


@blueprint.get("/history")
def own_history() -> str:
    client = current_user.client
    periods = history_of.of_client(current_user, client, now()) if client else []
    return render_template("history/own.html", periods=periods)


@blueprint.get("/<any(services, domains):place>/<id:item_id>/diagnosis")
def diagnosis(place: str, item_id: int) -> str:
    return diagnosis_pages.diagnosis_page(place.removesuffix("s"), item_id)
