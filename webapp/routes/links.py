"""Links that show a client's padlocks without a sign-in: administrators make and revoke them. The
same page lists the tokens of the client, which open the same to programs."""

from __future__ import annotations

from flask import (
    Blueprint,
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
from wtforms import RadioField, StringField
from wtforms.validators import InputRequired, NumberRange, Optional

from webapp import mail
from webapp.accounts import tokens
from webapp.customers import clients, public_links
from webapp.customers.link_models import LinkUse
from webapp.routes.forms import NumberField, PageForm, at_most, stripped
from webapp.routes.gate import admins_only_but
from webapp.routes.template_helpers import now
from webapp.words import links as say
from webapp.words.fields import label
from webapp.words.translation import LazyText

blueprint = Blueprint("links", __name__, url_prefix="/admin/clients/<id:client_id>/links")
blueprint.before_request(admins_only_but())


class LinkForm(PageForm):
    use = RadioField(
        choices=lambda: list(say.USES.items()),
        validators=[InputRequired(LazyText(say.use_missing))],
    )
    name = StringField(label("link_name"), filters=[stripped], validators=[at_most(255)])
    days = NumberField(
        label("link_days"),
        validators=[
            Optional(),
            NumberRange(
                1, public_links.MOST_DAYS, LazyText(lambda: say.days_wrong(public_links.MOST_DAYS))
            ),
        ],
    )


@blueprint.get("")
def page(client_id: int) -> str:
    return _page(client_id, _new_form(request.args.get("name", "")))


@blueprint.post("")
def create(client_id: int) -> Response:
    form = LinkForm()
    if form.validate():
        use = LinkUse(form.use.data)
        days = form.days.data
        try:
            token, link = public_links.create(
                current_user, client_id, use, now(), days, form.name.data or ""
            )
        except public_links.BadLink as error:
            form.name.errors = [str(error)]
        else:
            address = mail.link(current_app, public_links.path_of(link.use, token))
            return make_response(_page(client_id, _new_form(), link.use, address))
    return make_response(_page(client_id, form), 422)


@blueprint.post("/<id:link_id>/revoke")
def revoke(client_id: int, link_id: int) -> Response:
    public_links.revoke(current_user, client_id, link_id, now())
    flash(say.revoked(), "success")
    return redirect(url_for("links.page", client_id=client_id), 303)


def _new_form(name: str = "") -> LinkForm:
    """A form as it is offered; for a badge where it is for a host name."""
    use = LinkUse.BADGE if name else LinkUse.PAGE
    return LinkForm(formdata=None, data={"use": use, "days": 7, "name": name})


def _page(client_id: int, form: LinkForm, use: LinkUse | None = None, address: str = "") -> str:
    """The links of a client; a new one with its address, once."""
    client = clients.require_client(client_id)
    return render_template(
        "clients/links.html",
        client=client,
        tab="links",
        form=form,
        links=public_links.of_client(client_id),
        tokens=tokens.tokens_of_client(current_user, client_id),
        owner=clients.client_text(client),
        use=use,
        address=address,
    )
