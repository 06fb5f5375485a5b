"""Messages to channels: what administrators limit, one that hangs, and what is lost: nothing."""

from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
from sqlalchemy import select

from tests.monitor.processes import wait_for
from tests.notices.killed import Step, environ_of, kill_at
from tests.notices.receiver import Receiver
from tests.notices.test_minute import LATER, MINUTE, NAMES, begin, sees, tick
from tests.notices.test_minute import site as mail_site  # noqa: F401 - a fixture
from tests.served import served
from webapp.customers import catalog
from webapp.customers.models import Client, ServiceStatus, User
from webapp.extensions import db, writing
from webapp.jobs.models import Job
from webapp.notices import channels, deliveries
from webapp.notices.models import Channel
from webapp.probe import Reason
from webapp.site import site_of

NOW = datetime.now(UTC)


class Redirect(Receiver):
    """Sends whoever comes to another address of this machine."""

    def __init__(self):
        super().__init__(307)
        self.headers = {"Location": f"http://127.0.0.2:{self.server_port}/"}

    @property
    def url(self):
        return f"{super().url}&redirect=yes"


@pytest.fixture
def site(mail_site):  # noqa: F811
    """The site with names, which no mail but channels tell of."""
    mail_site.config["PADLOCK_SMTP_URL"] = None
    mail_site.config["PADLOCK_ALLOWED_NETWORKS"] = (ip_network("127.0.0.0/8"),)
    return mail_site


def add(name, url, **limits):
    limits = {"kinds": [], "products": [], "clients": []} | limits
    settings = channels.Settings(name, url, **limits)
    return channels.save(db.session.get(User, 3), None, settings, NOW).id


def stored(channel_id):
    db.session.rollback()
    return db.session.get(Channel, channel_id)


def turn_red(app):
    begin(app)
    for minutes in (5, 10, 45):
        if minutes < 45:
            sees(LATER + minutes * MINUTE, NAMES[:2], Reason.REFUSED)
        tick(app, LATER + minutes * MINUTE)


def jobs():
    db.session.rollback()
    return list(db.session.scalars(select(Job).where(Job.kind.startswith("channel:"))))


def test_one_that_hangs_or_answers_500_holds_up_no_other(site, caplog):
    with served(Receiver()) as good, served(Receiver(500)) as bad, served(Receiver()) as hanging:
        hanging.released.clear()
        ids = [add(str(each.server_port), each.url) for each in (hanging, bad, good)]
        only_changes = add("changes", good.url, kinds=["changed"])
        only_bob = add("bob", good.url, clients=[2])
        turn_red(site)
        body = good.bodies.get(timeout=60)
        assert "2 names are invalid" in body
        assert "s1.example" in body
        wait_for(lambda: stored(ids[1]).problem == "status")
        assert (stored(ids[1]).detail, stored(ids[2]).problem) == ("500", "")
        assert stored(ids[0]).said_at is None
        hanging.released.set()
        wait_for(lambda: [job.kind for job in jobs()] == [deliveries.kind_of(ids[1])])
        assert hanging.bodies.get(timeout=10)
        assert good.bodies.empty()
        assert stored(only_changes).said_at is stored(only_bob).said_at is None
    assert "hunter2" not in stored(ids[0]).url + stored(ids[0]).shown + caplog.text
    assert "secret" not in stored(ids[0]).shown


def test_a_channel_of_one_client_is_told_of_no_other(site):
    with writing():
        bob = db.session.get(Client, 2)
        catalog.add_service(bob, "Hosting", "s1.example", ServiceStatus.ACTIVE, None)
    with served(Receiver()) as receiver, served(Receiver()) as all_clients:
        add("bob", receiver.url, clients=[2])
        add("all", all_clients.url)
        turn_red(site)
        body = receiver.bodies.get(timeout=60)
        assert "s1.example (Bob & Sons)" in body
        assert "Alice" not in body
        assert "s1.example (Alice" in all_clients.bodies.get(timeout=60)


def test_a_url_that_takes_too_much_space_is_refused(site):
    most = channels.MOST_URL_BYTES // 4
    start = "ntfys://127.0.0.1/"
    with pytest.raises(channels.BadUrl, match="too long to be stored"):
        add("ops", start + "𝄞" * most)
    add("ops", start + "𝄞" * (most - len(start)))  # the column takes it


def test_a_url_that_leads_inside_is_refused(site):
    site.config["PADLOCK_ALLOWED_NETWORKS"] = ()
    for url, words in (
        ("json://localhost/", "private or denied"),
        ("json://[::ffff:10.0.0.1]/", "private or denied"),
        ("syslog://", "on the server that Padlock runs on"),
        ("nonsense://x", "Apprise doesn’t know this URL"),
    ):
        with pytest.raises(channels.BadUrl, match=words):
            add("x", url)
    assert channels.listed() == []


def test_what_became_private_or_unreadable_since_is_not_sent(site):
    with served(Receiver()) as receiver:
        id_ = add("hook", receiver.url)
        for name, value, problem in (
            ("PADLOCK_ALLOWED_NETWORKS", (), "blocked"),
            ("SECRET_KEY", "y" * 32, "key"),
        ):
            site.config[name] = value
            deliveries.test(db.session.get(User, 3), id_, datetime.now(UTC))
            wait_for(lambda problem=problem: stored(id_).problem == problem)
            wait_for(lambda: not jobs())
        assert receiver.bodies.empty()


def test_a_redirect_leads_to_no_denied_address(site):
    site.config["PADLOCK_DENIED_NETWORKS"] = (ip_network("127.0.0.2"),)
    with served(Redirect()) as receiver:
        assert channels.ask(receiver.url, title="x", body="y") == {"problem": "blocked"}
        assert receiver.bodies.qsize() == 1


STEPS = (
    Step("after", "webapp.notices.deliveries", "add"),  # nothing is stored yet
    Step("before", "webapp.jobs.queue", "claim"),
    Step("before", "webapp.notices.channels", "ask"),
    Step("after", "webapp.notices.channels", "ask"),
    Step("before", "webapp.jobs.queue", "finish"),
)


def test_a_process_that_is_killed_at_any_step_loses_nothing(site):
    with served(Receiver()) as receiver:
        add("hook", receiver.url)
        begin(site)
        for minutes in (5, 10):
            sees(LATER + minutes * MINUTE, NAMES[:2], Reason.REFUSED)
            tick(site, LATER + minutes * MINUTE)
        for number, step in enumerate(STEPS):
            kill_at(step, LATER + (45 + number) * MINUTE, environ_of(site))
            assert len(jobs()) == (number > 0), step
        tick(site, LATER + 50 * MINUTE)
        deliveries.add_lanes(datetime.now(UTC))
        site_of(site).jobs.wake()
        wait_for(lambda: not jobs())
        # At least once: where it ended after the service had it, it comes again
        assert receiver.bodies.qsize() == 3
