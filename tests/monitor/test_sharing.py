"""Two processes of one site beside each other, as two sites of this process with one database and
one Redis."""

import pytest

from tests.monitor.processes import wait_for
from webapp import create_app
from webapp.extensions import db
from webapp.monitor import checks, live
from webapp.probe import Reason, State
from webapp.site import site_of


@pytest.fixture
def two(site, redis):
    """The site, and a second process of it."""
    site.config["PADLOCK_BROKER_URL"] = redis.url
    live.register(site)
    other = create_app(
        {name: value for name, value in site.config.items() if name.startswith("PADLOCK_")}
    )
    yield site, other
    site_of(other).checks.close()
    with other.app_context():
        db.engine.dispose()


def test_a_name_that_another_process_asks_is_not_asked_again(two, hostname, lab, now):
    row = hostname("slow")
    before = lab.contacts(row.hostname)
    here, there = two
    check = site_of(here).checks.start(row.hostname, 1)
    with there.app_context():
        same = db.session.get(type(row), row.id)
        assert live.ask(same, active=True, viewer=2, now=now)
        stands = live.known(same, active=True, viewer=2, now=now)
    assert (stands.checking, stands.state, stands.poll_seconds) == (
        True,
        State.UNKNOWN,
        checks.ELSEWHERE_POLL_SECONDS,
    )
    assert check.done.wait(10)
    # And has been given back
    assert site_of(there).redis.lease(f"check:{row.hostname}", 1)
    db.session.rollback()
    assert (row.reason, lab.contacts(row.hostname)) == (Reason.OK, before + 1)


def test_without_redis_each_process_asks_for_itself(two, hostname, redis, now):
    row = hostname("ok")
    redis.kill()
    assert live.ask(row, active=True, viewer=1, now=now)
    db.session.rollback()
    assert live.known(row, active=True, viewer=1, now=now).state is State.VALID


def test_a_lease_whose_answer_was_lost_can_be_given_back(two, redis):
    first, second = (site_of(app).redis for app in two)
    assert first.problem() == ""
    with redis.stopped():
        lease = first.lease("a", 60)  # nobody waits for it
    assert lease is not None
    wait_for(lambda: second.connection.exists("padlock:a"))
    first._silent_until = 0.0
    first.give_back(lease)
    assert second.lease("a", 60) is not None
