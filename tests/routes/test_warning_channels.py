"""Administrators add a channel for warnings, test it, pause it and delete it."""

from ipaddress import ip_network

from sqlalchemy import select

from tests.browser import looked_at
from tests.monitor.processes import wait_for
from tests.notices.receiver import Receiver
from tests.served import served
from webapp.customers.models import Activity
from webapp.extensions import db, writing
from webapp.notices.models import Channel

PAGE = "/admin/warnings/channels"


def test_a_channel_is_added_tested_paused_changed_and_deleted(app, visit):
    app.config["PADLOCK_ALLOWED_NETWORKS"] = (ip_network("127.0.0.0/8"),)
    ada = visit("ada")
    assert "There are no channels yet" in ada.get(PAGE).text
    with served(Receiver(503)) as receiver:
        form = {
            "name": "Ops",
            "url": receiver.url,
            "kinds": ["urgent"],
            "clients": "Alice’s Bakery",
        }
        page = looked_at(ada.post(f"{PAGE}/new", form, follow_redirects=True))
        assert "Ops was saved" in page.text
        assert "json://127.0.0.1/… · Expires very soon; 1 client" in page.text
        for status, words in ((503, "The service answered with HTTP status 503."), (200, "Works")):
            receiver.status = status
            page = looked_at(ada.post(f"{PAGE}/1/test", follow_redirects=True))
            wait_for(lambda words=words: words in ada.get(f"{PAGE}/1/state").text)
            assert "This channel works." in receiver.bodies.get(timeout=10)
            assert "hx-get" not in str(ada.get(f"{PAGE}/1/state"))
    page = ada.get(f"{PAGE}/1")
    assert (
        page.select_one("#url")["value"] if page.select_one("#url").has_attr("value") else ""
    ) == ""
    assert page.select_one("#clients").text.strip() == "Alice’s Bakery"
    assert page.select_one("#kind-urgent").has_attr("checked")
    ada.post(f"{PAGE}/1", {"name": "Operations", "url": "", "products": "Starter Hosting"})
    ada.post(f"{PAGE}/1/pause")
    page = ada.get(PAGE)
    assert "Operations" in page.text
    assert "Paused" in page.text
    assert "Works" in page.text  # the URL is the same
    ada.post(f"{PAGE}/1/resume")
    assert "Operations" in ada.get(f"{PAGE}/1/delete").select_one("h1").text
    ada.post(f"{PAGE}/1/delete")
    with app.app_context():
        assert db.session.scalar(select(Channel)) is None
        done = select(Activity.action).where(Activity.kind == "channel").order_by(Activity.id)
        assert list(db.session.scalars(done)) == [
            *("created", "changed", "disabled", "enabled", "deleted")
        ]


def test_what_is_wrong_is_said_beside_its_field(app, visit):
    ada = visit("ada")
    right = {"name": "Ops", "url": "ntfys://203.0.113.9/topic"}
    for field, value, words in (
        ("url", "", "Enter the Apprise URL"),
        ("url", "json://10.0.0.1/", "This leads to a private or denied address."),
        ("url", "nonsense", "Apprise doesn’t know this URL."),
        ("name", "", "Enter a name."),
        ("products", "None such", "No service has the product “None such”."),
        ("clients", "Carol", "“Carol”: "),
    ):
        answer = ada.post(f"{PAGE}/new", right | {field: value})
        assert answer.status_code == 422
        (error,) = looked_at(answer).select(".invalid-feedback")
        assert (error["id"], words in error.text) == (f"{field}-help", True)
    with app.app_context():
        assert db.session.scalar(select(Channel)) is None


def test_a_channel_keeps_its_limit_when_the_client_is_deleted(app, visit):
    with app.app_context(), writing():
        deleted = 9
        db.session.add(Channel(name="Bob", url="x", service="x", shown="x", clients=[deleted]))
    ada = visit("ada")
    clients = ada.get(f"{PAGE}/1").select_one("#clients").text.strip()
    answer = ada.post(f"{PAGE}/1", {"name": "Bob", "clients": clients})
    assert answer.status_code == 422
    assert "“#9”: " in looked_at(answer).select_one("#clients-help").text
    with app.app_context():
        assert db.session.get(Channel, 1).clients == [deleted]
