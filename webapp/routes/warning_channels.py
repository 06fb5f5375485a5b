"""Channels: where warnings go besides mail, webhooks among them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SelectMultipleField, StringField, TextAreaField, ValidationError
from wtforms.validators import InputRequired

from webapp.customers import clients
from webapp.customers.concurrency import Taken
from webapp.notices import channels, deliveries, webhooks
from webapp.notices.models import Channel
from webapp.routes.forms import PageForm, at_most, stripped
from webapp.routes.gate import admins_only_but, fragment
from webapp.routes.template_helpers import now
from webapp.words import channels as say
from webapp.words import webhooks as say_of_webhooks
from webapp.words.fields import label
from webapp.words.translation import LazyText

MOST_LINES_CHARACTERS = 5000

blueprint = Blueprint("warning_channels", __name__, url_prefix="/admin/warnings/channels")
blueprint.before_request(admins_only_but())


class ChannelForm(PageForm):
    """The URL is never shown: an empty field leaves it as it is."""

    name = StringField(
        label("name"),
        filters=[stripped],
        validators=[InputRequired(LazyText(say.name_missing)), at_most(100)],
    )
    url = StringField(
        label("channel_url"), filters=[stripped], validators=[at_most(channels.MOST_URL_CHARACTERS)]
    )
    kinds = SelectMultipleField(choices=lambda: list(say.MESSAGE_LABELS.items()))
    products = TextAreaField(label("channel_products"), validators=[at_most(MOST_LINES_CHARACTERS)])
    clients = TextAreaField(label("channel_clients"), validators=[at_most(MOST_LINES_CHARACTERS)])

    def validate_products(self, field: TextAreaField) -> None:
        self.product_names = _lines(field.data)
        if missing := channels.unknown_product(self.product_names):
            raise ValidationError(say.no_such_product(missing))

    def validate_clients(self, field: TextAreaField) -> None:
        self.client_ids = []
        for text in _lines(field.data):
            try:
                self.client_ids.append(clients.find_client(text).id)
            except clients.NoSuchClient as error:
                raise ValidationError(say.not_a_client(text, str(error))) from None

    def settings(self, secrets: str | None) -> channels.Settings:
        name = self.name.data
        url = self.url.data or ""
        kinds = self.kinds.data or []
        return channels.Settings(name, url, kinds, self.product_names, self.client_ids, secrets)


@blueprint.get("")
def page() -> str:
    return render_template(
        "channels/list.html", channels=[(one, _is_tested(one)) for one in channels.listed()]
    )


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Response:
    return _edit(None, None)


@blueprint.route("/new-webhook", methods=["GET", "POST"])
def new_webhook() -> Response:
    return _edit(None, webhooks.new_secrets())


@blueprint.route("/<id:channel_id>", methods=["GET", "POST"])
def edit(channel_id: int) -> Response:
    channel = channels.get(channel_id)
    return _edit(channel, channel.secrets)


@blueprint.get("/<id:channel_id>/deliveries")
def webhook(channel_id: int) -> str:
    channel = webhooks.get(channel_id)
    return render_template(
        "channels/webhook.html",
        channel=channel,
        secrets=webhooks.valid_secrets(channel, now()),
        deliveries=webhooks.latest(channel_id),
    )


@blueprint.post("/<id:channel_id>/deliveries/<id:delivery_id>/again")
def send_again(channel_id: int, delivery_id: int) -> Response:
    deliveries.send_again(current_user, channel_id, delivery_id, now())
    flash(say_of_webhooks.sent_again(channels.get(channel_id).name), "success")
    return redirect(url_for("warning_channels.webhook", channel_id=channel_id), 303)


@blueprint.post("/<id:channel_id>/secret")
def rotate(channel_id: int) -> Response:
    webhooks.rotate(current_user, channel_id, now())
    flash(say_of_webhooks.rotated(channels.get(channel_id).name), "success")
    return redirect(url_for("warning_channels.webhook", channel_id=channel_id), 303)


@blueprint.post("/<id:channel_id>/test")
def test(channel_id: int) -> Response:
    deliveries.test(current_user, channel_id, now())
    return redirect(url_for("warning_channels.page"), 303)


@blueprint.get("/<id:channel_id>/state")
@fragment
def state(channel_id: int) -> str:
    """How the last message went; asks again by itself while a test is under way."""
    channel = channels.get(channel_id)
    return render_template("channels/state.html", channel=channel, is_tested=_is_tested(channel))


@blueprint.get("/<id:channel_id>/delete")
def delete(channel_id: int) -> str:
    return render_template("channels/delete.html", channel=channels.get(channel_id))


@blueprint.post("/<id:channel_id>/<any(pause, resume, delete):what>")
def change(channel_id: int, what: str) -> Response:
    name = channels.get(channel_id).name
    if what == "delete":
        channels.delete(current_user, channel_id, now())
    else:
        channels.pause(current_user, channel_id, now(), paused=what == "pause")
    told = {"pause": say.paused, "resume": say.resumed, "delete": say.deleted}
    flash(told[what](name), "success")
    return redirect(url_for("warning_channels.page"), 303)


def _edit(channel: Channel | None, secrets: str | None) -> Response:
    """`secrets`: of a webhook."""
    form = ChannelForm(data=_form_data(channel) if channel else None)
    if secrets is not None:
        form.url.label.text = label("webhook_url")
    if not form.is_submitted():
        return _form(form, channel, secrets)
    right = form.validate()
    if channel is None and not form.url.data:
        missing = say.url_missing if secrets is None else say.webhook_url_missing
        form.url.errors = [missing()]
    if right and not form.errors:
        try:
            saved = channels.save(
                current_user, channel.id if channel else None, form.settings(secrets), now()
            )
        except channels.BadUrl as error:
            form.url.errors = [str(error)]
        except Taken as error:
            form.name.errors = [str(error)]
        else:
            flash(say.saved(saved.name), "success")
            if channel is None and saved.is_webhook:  # its secret is what comes next
                return redirect(url_for("warning_channels.webhook", channel_id=saved.id), 303)
            return redirect(url_for("warning_channels.page"), 303)
    return _form(form, channel, secrets)


def _form(form: ChannelForm, channel: Channel | None, secrets: str | None) -> Response:
    page = render_template(
        "channels/form.html", form=form, channel=channel, is_webhook=secrets is not None
    )
    return make_response(page, 422 if form.errors else 200)


def _form_data(channel: Channel) -> dict[str, Any]:
    return {
        "name": channel.name,
        "kinds": channel.kinds,
        "products": "\n".join(channel.products),
        "clients": "\n".join(channels.client_texts(channel)),
    }


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def _is_tested(channel: Channel) -> bool:
    return deliveries.is_tested(channel.id, now())
