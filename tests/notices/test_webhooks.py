"""Webhooks: what is posted can be verified, is tried again, and can be sent again."""

import http.server
import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from queue import Queue

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook, WebhookVerificationError

from tests.browser import looked_at
from tests.monitor.processes import wait_for
from tests.notices.test_channels import jobs, turn_red
from tests.notices.test_minute import NAMES
from tests.notices.test_minute import site as mail_site  # noqa: F401 - a fixture
from tests.served import served
from webapp.customers.models import User
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.jobs import queue
from webapp.notices import channels, deliveries, webhooks
from webapp.notices.models import WebhookDelivery

NOW = datetime.now(UTC)


class Receiver(http.server.ThreadingHTTPServer):
    """Notes the headers and the body of what is posted, and answers with this status."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Hook)
        self.status = 200
        self.headers = {}
        self.posted = Queue()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hooks?place=here"


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.posted.put((dict(self.headers), body))
        self.send_response(self.server.status)
        for header in self.server.headers.items():
            self.send_header(*header)
        self.end_headers()
        self.wfile.write("<b>ação</b>\0".encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def site(mail_site):  # noqa: F811
    """The site with names, which no mail but webhooks tell of."""
    mail_site.config["PADLOCK_SMTP_URL"] = None
    mail_site.config["PADLOCK_ALLOWED_NETWORKS"] = (ip_network("127.0.0.0/8"),)
    return mail_site


@pytest.fixture
def receiver():
    with served(Receiver()) as server:
        yield server


def ada():
    return db.session.scalars(select(User).filter_by(email="ada@example.com")).one()


def add(url, name="Scripts"):
    """A new webhook with this URL."""
    settings = channels.Settings(name, url, (), (), (), webhooks.new_secrets())
    return channels.save(ada(), None, settings, NOW).id


def verified(receiver, secret):
    """What was posted next, by a receiver that knows this secret: its headers and its content."""
    headers, body = receiver.posted.get(timeout=60)
    return headers, Webhook(secret).verify(body, headers)


def all_sent():
    """The site sends by itself: waits until no message is left."""
    wait_for(lambda: not jobs())


def test_what_is_told_is_posted_signed_and_can_be_sent_again(site, receiver):
    id_ = add(receiver.url)
    (secret,) = webhooks.valid_secrets(webhooks.get(id_), NOW)
    assert secret not in webhooks.get(id_).secrets
    turn_red(site)
    headers, told = verified(receiver, secret)
    assert told["type"] == "certificate.alert"
    events = told["data"]["events"]
    assert [(event["kind"], event["name"], event["reason"]) for event in events] == [
        ("invalid", name, "refused") for name in NAMES[:2]
    ]
    assert events[0]["client"] == "Alice’s Bakery"
    assert told["data"]["incident"]["link"].startswith("https://padlock.example.com/admin/")
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + 43 * "A" + "=").verify(json.dumps(told), headers)
    all_sent()
    (delivery,) = webhooks.latest(id_)
    assert (delivery.status, delivery.tries, delivery.arrived) == (200, 1, True)
    assert delivery.answer == "<b>ação</b>\ufffd"
    deliveries.send_again(ada(), id_, delivery.id, datetime.now(UTC))
    again, same = verified(receiver, secret)
    assert (again["webhook-id"], same) == (headers["webhook-id"], told)
    with pytest.raises(NotFound):
        deliveries.send_again(ada(), id_, 99, NOW)


def test_for_a_day_after_a_rotation_both_secrets_verify(in_app, receiver):
    in_app.config["PADLOCK_ALLOWED_NETWORKS"] = (ip_network("127.0.0.0/8"),)
    id_ = add(receiver.url)
    (old,) = webhooks.valid_secrets(webhooks.get(id_), NOW)
    webhooks.rotate(ada(), id_, NOW)
    new, also = webhooks.valid_secrets(webhooks.get(id_), NOW + timedelta(hours=23))
    assert also == old != new
    assert webhooks.valid_secrets(webhooks.get(id_), NOW + timedelta(hours=25)) == [new]
    deliveries.test(ada(), id_, datetime.now(UTC))  # given up two minutes later
    headers, body = receiver.posted.get(timeout=60)
    for secret in (old, new):
        assert Webhook(secret).verify(body, headers)["type"] == "test"


def test_what_a_receiver_refuses_is_tried_again_until_it_is_gone(site, receiver):
    id_ = add(receiver.url)
    told = {"events": [], "counts": {}, "incident": None, "reminder": False}
    for status, headers, final in (
        (500, {}, False),
        (302, {"Location": receiver.url}, False),  # not followed
        (410, {}, True),
    ):
        receiver.status, receiver.headers = status, headers
        job = queue.ClaimedJob(status, deliveries.kind_of(id_), told, {}, NOW, 1, "claim")
        outcome = webhooks.send(webhooks.get(id_), job, None)
        assert (outcome.problem, outcome.detail) == ("status", str(status))
        assert outcome.final is final
        assert webhooks.get(id_).paused is final
        receiver.posted.get(timeout=0)
        assert receiver.posted.empty()
    assert [each.status for each in webhooks.latest(id_)] == [410, 302, 500]


def test_a_status_counts_even_if_its_body_cannot_be_read(site, receiver):
    id_ = add(receiver.url)
    told = {"events": [], "counts": {}, "incident": None, "reminder": False}
    for number, headers in enumerate(({"Content-Length": "500"}, {"Content-Encoding": "gzip"}), 1):
        receiver.headers = headers
        job = queue.ClaimedJob(number, deliveries.kind_of(id_), told, {}, NOW, 1, "claim")
        assert webhooks.send(webhooks.get(id_), job, None) == queue.DONE
        (delivery, *_) = webhooks.latest(id_)
        assert (delivery.status, delivery.answer) == (200, "")


def test_only_the_last_deliveries_are_kept(in_app, receiver, monkeypatch):
    monkeypatch.setattr(webhooks, "MOST_KEPT", 2)
    in_app.config["PADLOCK_ALLOWED_NETWORKS"] = (ip_network("127.0.0.0/8"),)
    id_ = add(receiver.url)
    for _ in range(3):
        deliveries.test(ada(), id_, datetime.now(UTC))
        all_sent()
    assert len(webhooks.latest(id_)) == db.session.query(WebhookDelivery).count() == 2
    channels.delete(ada(), id_, NOW)
    assert db.session.query(WebhookDelivery).count() == 0


def test_a_url_that_cannot_be_a_webhook_is_refused(in_app):
    for url, words in (
        ("ftp://example.com/", "begins with https://"),
        ("https://", "begins with https://"),
        ("https://exa mple.com/", "begins with https://"),
        ("https://example.com:99999/", "begins with https://"),
        ("https://user:secret@example.com/", "no user name or password"),
        ("http://192.0.2.1/hook", "Use https://"),
        ("https://169.254.169.254/latest", "private or denied"),
        ("https://[::ffff:10.0.0.1]/", "private or denied"),
    ):
        with pytest.raises(channels.BadUrl, match=words):
            add(url)
    assert channels.listed() == []


def test_administrators_add_a_webhook_and_read_what_it_answered(app, visit, receiver):
    app.config["PADLOCK_ALLOWED_NETWORKS"] = (ip_network("127.0.0.0/8"),)
    page = "/admin/warnings/channels"
    browser = visit("ada")
    wrong = browser.post(f"{page}/new-webhook", {"name": "Scripts", "url": "example.com"})
    assert "begins with https://" in wrong.text
    form = {"name": "Scripts", "url": receiver.url}
    shown = looked_at(browser.post(f"{page}/new-webhook", form, follow_redirects=True))
    secret = shown.select_one("#webhook-secret").text
    browser.post(f"{page}/1/test")
    assert verified(receiver, secret)[1]["type"] == "test"
    wait_for(lambda: "HTTP status 200" in browser.get(f"{page}/1/deliveries").text)
    shown = browser.get(f"{page}/1/deliveries")
    assert "<b>ação</b>" in shown.text
    browser.post(f"{page}/1/deliveries/1/again")
    assert verified(receiver, secret)[1]["type"] == "test"
    browser.post(f"{page}/1/secret")
    shown = browser.get(f"{page}/1/deliveries")
    assert "For 24 hours after the change" in shown.text
    assert shown.select_one("#webhook-secret").text != secret
