"""What administrators do to the items that they have selected in the report: each time a page that
counts them, then the change."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import StringField

from webapp.customers import bulk, clients
from webapp.customers.models import Client, DomainStatus, ServiceStatus
from webapp.customers.tags import MOST_TAGS
from webapp.errors import Refused
from webapp.parsing import whole
from webapp.reports import selection
from webapp.routes.forms import (
    PageForm,
    TagsField,
    at_most,
    names_a_client,
    renewer_field,
    status_field,
    stripped,
)
from webapp.routes.gate import admins_only_but, own_path
from webapp.routes.reports import asked_in, selected_in
from webapp.routes.template_helpers import now
from webapp.words import confirmations, refusals
from webapp.words.fields import label

MOST_NAMED = 20  # domains that a page names of those that cannot move

blueprint = Blueprint("selection", __name__, url_prefix="/admin/reports/ssl-status/selected")
blueprint.before_request(admins_only_but())


class OwnerForm(PageForm):
    """The client that the items go to; `client` is a filter of the report already."""

    to = StringField(label("client"), filters=[stripped], validators=[at_most(200), names_a_client])


class StatusForm(PageForm):
    service_status = status_field("service_status", ServiceStatus)
    domain_status = status_field("domain_status", DomainStatus)

    @property
    def asked(self) -> tuple[ServiceStatus | None, DomainStatus | None]:
        service = self.service_status.data
        domain = self.domain_status.data
        return ServiceStatus(service) if service else None, DomainStatus(domain) if domain else None


class RenewerForm(PageForm):
    who_renews = renewer_field()


class TagsForm(PageForm):
    add = TagsField(label("add_tags"))
    drop = TagsField(label("remove_tags"))


@blueprint.errorhandler(Refused)
def _refused(error: Refused) -> Response:
    flash(str(error), "warning")
    return _back()


@blueprint.post("")
def choose() -> Response:
    """From the report to the page of what is to be done; which has the selection in its address."""
    what = request.form.get("do", "")
    page = what if what in ("move", "status", "renewer", "tags", "delete") else "status"
    selection.row_ids(current_user, selected_in(request.form), now())
    return redirect(url_for(f"selection.{page}", **_selected(request.form)), 303)


@blueprint.route("/move", methods=["GET", "POST"])
def move() -> Response:
    ids = _row_ids()
    if request.method == "GET":
        form = OwnerForm(request.args if "to" in request.args else None, meta={"csrf": False})
        return _move_page(ids, form, clients.find_client(form.to.data) if form.validate() else None)
    client = clients.require_client(whole(request.form.get("to", "")) or 0)
    if changed := _changed(ids):
        return _move_page(ids, OwnerForm(None, meta={"csrf": False}), client, changed)
    moved = bulk.move(current_user, ids, client.id, now())
    flash(confirmations.many_moved(moved, len(ids) - moved, client.name), "success")
    return _back()


@blueprint.route("/status", methods=["GET", "POST"])
def status() -> Response:
    ids = _row_ids()
    form = StatusForm()
    problem = _changed(ids)
    if form.validate_on_submit() and not problem:
        if any(form.asked):
            changed = bulk.set_status(current_user, ids, *form.asked, now())
            flash(confirmations.many_changed(changed, len(ids) - changed), "success")
            return _back()
        problem = refusals.no_status_chosen()
    return _page("status", ids, problem, form=form)


@blueprint.route("/renewer", methods=["GET", "POST"])
def renewer() -> Response:
    ids = _row_ids()
    form = RenewerForm()
    problem = _changed(ids)
    if form.validate_on_submit() and not problem:
        changed = bulk.set_renewer(current_user, ids, form.who_renews.data, now())
        flash(confirmations.many_changed(changed, len(ids) - changed), "success")
        return _back()
    return _page("renewer", ids, problem, form=form)


@blueprint.route("/tags", methods=["GET", "POST"])
def tags() -> Response:
    ids = _row_ids()
    form = TagsForm()
    problem = _changed(ids)
    if form.validate_on_submit() and not problem:
        if form.add.data or form.drop.data:
            changed = bulk.set_tags(current_user, ids, form.add.data, form.drop.data, now())
            flash(confirmations.many_changed(changed, len(ids) - changed), "success")
            return _back()
        problem = refusals.no_tags_named()
    return _page("tags", ids, problem, form=form, most_tags=MOST_TAGS)


@blueprint.route("/delete", methods=["GET", "POST"])
def delete() -> Response:
    ids = _row_ids()
    problem = _changed(ids)
    if request.method == "GET" or problem:
        return _page("delete", ids, problem)
    flash(confirmations.many_deleted(bulk.remove(current_user, ids, now())), "success")
    return _back()


def _row_ids() -> list[int]:
    return selection.row_ids(current_user, selected_in(request.values), now())


def _changed(ids: list[int]) -> str:
    """Why nothing is done, where other items are selected by now than the page has counted."""
    same = request.method == "GET" or request.form.get("seen") == bulk.digest_of(ids)
    return "" if same else refusals.selection_changed()


def _selected(source: Any) -> dict[str, Any]:
    """What is selected, and the way back, as an address and a form carry it on."""
    back = {"back": [source.get("back", "")]}
    if source.get("all"):
        return {"all": ["1"], **{name: [word] for name, word in asked_in(source).items()}, **back}
    return {"item": source.getlist("item"), **back}


def _move_page(
    ids: list[int], form: OwnerForm, client: Client | None, problem: str = ""
) -> Response:
    taken = bulk.taken(current_user, ids, client) if client else []
    shown = {"form": form, "client": client, "taken": taken, "most_named": MOST_NAMED}
    return _page("move", ids, problem, **shown)


def _page(what: str, ids: list[int], problem: str, **shown: object) -> Response:
    page = render_template(
        f"selection/{what}.html",
        kinds=bulk.kinds_of(ids),
        seen=bulk.digest_of(ids),
        selected=_selected(request.values),
        back=_way_back(),
        problem=problem,
        **shown,
    )
    # A form that comes back without a problem has a field with an error
    usual = 422 if request.method == "POST" else 200
    return make_response(page, 409 if problem else usual)


def _way_back() -> str:
    return own_path(request.values.get("back")) or url_for("reports.ssl_status_page")


def _back() -> Response:
    return redirect(_way_back(), 303)
