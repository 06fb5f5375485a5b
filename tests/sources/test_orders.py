"""Runs that a person starts: background jobs, of which one can ask how far they are."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import current_app
from sqlalchemy import func, select

from tests.monitor.processes import wait_for
from tests.sources.conftest import counts, services
from webapp.customers.models import Service, User
from webapp.errors import NotAllowed, NotFound
from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.sources import lock, orders, registry, schedule
from webapp.sources.fault import Fault
from webapp.sources.models import JOB_KIND, Mode, Source, SourceRun
from webapp.sources.summary import of_each_kind


@pytest.fixture
def ada(instance):
    return db.session.scalar(select(User).filter_by(email="ada@example.com"))


@pytest.fixture
def start(ada):
    """Starts a run of a source; the site's own threads do it. What for."""

    def start(source, mode, **order):
        return orders.start(ada, source.id, datetime.now(UTC), mode, **order)

    return start


@pytest.fixture
def ended(ada):
    """Waits for the end of a run of a source. The last run of this mode."""

    def ended(source, mode):
        def over():
            db.session.rollback()
            return orders.state(source.id, datetime.now(UTC)) is None

        wait_for(over)
        return registry.last_run(source, mode)

    return ended


def item_count():
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Service))


def test_the_first_run_is_a_preview_and_the_second_one_agrees_to_it(whmcs, add, start, ended):
    source, before = add(whmcs), item_count()
    assert start(source, Mode.SYNC) is Mode.PREVIEW
    preview = ended(source, Mode.PREVIEW)
    assert counts(preview) == {"client added": 2, "service added": 2, "domain added": 2}
    assert (preview.who, preview.fault, item_count()) == ("ada@example.com", "", before)
    assert db.session.get(Source, source.id).next_at is None, "no one has agreed yet"
    assert start(source, Mode.SYNC) is Mode.SYNC
    assert counts(ended(source, Mode.SYNC)) == counts(preview)
    assert item_count() == before + 2
    assert db.session.get(Source, source.id).next_at is not None


def test_a_test_and_a_preview_say_what_is_wrong_and_agree_to_nothing(whmcs, add, start, ended):
    wrong = {"identifier": "our-identifier", "secret": "wrong"}
    source = add(whmcs, credentials=wrong)
    start(source, Mode.TEST)
    assert ended(source, Mode.TEST).fault == "secret"
    start(source, Mode.TEST)
    assert ended(source, Mode.TEST).fault == "secret"
    start(source, Mode.PREVIEW)
    assert ended(source, Mode.PREVIEW).fault == "secret"
    assert start(source, Mode.SYNC) is Mode.PREVIEW
    ended(source, Mode.PREVIEW)
    modes = db.session.scalars(select(SourceRun.mode).order_by(SourceRun.id)).all()
    assert modes == [Mode.TEST, Mode.PREVIEW], "an earlier one is forgotten"


def test_what_is_under_way_is_told_and_joined(whmcs, add, start, ended, now):
    source = add(whmcs)
    with lock.only_run(source.id):  # the command line reads it
        start(source, Mode.PREVIEW)
        wait_for(lambda: paused(source))
        assert start(source, Mode.PREVIEW) is Mode.PREVIEW
        assert start(source, Mode.TEST) is Mode.TEST
        state = orders.state(source.id, datetime.now(UTC))
        assert (state.mode, state.doing, state.running) == (Mode.PREVIEW, "waiting", True)
        schedule.add_due(now + timedelta(days=9))
    with writing():
        queue.find(JOB_KIND, str(source.id)).run_at = datetime.now(UTC)
    schedule.this_site().jobs.wake()
    assert ended(source, Mode.PREVIEW).fault == ""
    assert registry.last_run(source, Mode.TEST) is None


def paused(source):
    """Whether the job has found that another run has the source."""
    db.session.rollback()
    job = queue.find(JOB_KIND, str(source.id))
    return job.claim is None and job.run_at > job.created_at


def test_progress_is_stored_while_a_run_goes_on(whmcs, add, start, ended):
    source = add(whmcs)
    seen = []

    def look(asked):
        with schedule_app.app_context():
            seen.append(orders.state(source_id, datetime.now(UTC)))

    schedule_app, source_id = schedule.this_site().jobs._app, source.id
    whmcs.trap = look
    start(source, Mode.PREVIEW)
    ended(source, Mode.PREVIEW)
    assert (seen[-1].mode, seen[-1].doing, seen[-1].done) == (Mode.PREVIEW, "reading", 2)


def test_who_agrees_to_what_is_gone_agrees_to_what_was_shown(whmcs, add, run, start, ended):
    source = add(whmcs)
    whmcs.service(13, 1, "c.example")
    whmcs.service(14, 1, "d.example")
    run(source)
    del whmcs.services[2], whmcs.domains[1]
    start(source, Mode.SYNC)
    stopped = ended(source, Mode.SYNC)
    assert (stopped.fault, stopped.gone_percents) == ("gone", {"service": 25, "domain": 50})
    del whmcs.services[2]
    start(source, Mode.SYNC, gone_percents=stopped.gone_percents)
    assert ended(source, Mode.SYNC).fault_parameters == {
        **{"service": 2, "service_total": 4, "percent": 25, "names": ["c.example", "d.example"]}
    }, "what may be gone of domains may not be of services"
    start(source, Mode.SYNC, gone_percents=of_each_kind(100))
    assert ended(source, Mode.SYNC).fault == ""
    assert services(source)["13"].status == "Cancelled"


def test_a_preview_by_other_settings_agrees_to_nothing(whmcs, add, start, ended, now):
    source = add(whmcs)
    start(source, Mode.PREVIEW)
    ended(source, Mode.PREVIEW)
    same = ("billing", "whmcs", source.url)
    registry.change(None, source.id, registry.Settings(*same, gone_percent=9), now)
    assert orders.may_sync(source)
    registry.change(None, source.id, registry.Settings(*same, watch_other=True), now)
    assert start(source, Mode.SYNC) is Mode.PREVIEW
    assert ended(source, Mode.PREVIEW).fault == ""


def test_a_preview_under_way_ends_when_the_settings_change(whmcs, add, start, now):
    source = add(whmcs)
    app, source_id, url = current_app._get_current_object(), source.id, source.url

    def change(asked):
        if asked.fields.get("action") == "GetClientsDomains":
            whmcs.trap = lambda asked: None
            other = registry.Settings("billing", "whmcs", url, watch_other=True)
            with app.app_context():
                registry.change(None, source_id, other, now)

    def over():
        db.session.rollback()
        if orders.state(source_id, datetime.now(UTC)) is not None:
            return False  # before it has begun, its lock is not ours to try
        try:
            with lock.only_run(source_id):
                return True
        except Fault:
            return False

    whmcs.trap = change
    start(source, Mode.PREVIEW)
    wait_for(over)
    assert registry.last_run(source, Mode.PREVIEW) is None
    assert not orders.may_sync(source)


def test_a_preview_shows_what_a_sync_would_do_that_has_to_ask(whmcs, add, run, start, ended):
    source = add(whmcs)
    run(source)
    whmcs.services.pop()
    start(source, Mode.PREVIEW)
    preview = ended(source, Mode.PREVIEW)
    assert (preview.fault, counts(preview)) == ("gone", {"service gone": 1})


def test_only_administrators_start_runs(whmcs, add, now):
    source = add(whmcs)
    sam = db.session.scalar(select(User).filter_by(email="sam@example.com"))
    with pytest.raises(NotAllowed):
        orders.start(sam, source.id, now, Mode.PREVIEW)
    with pytest.raises(NotFound):
        orders.start(None, source.id + 1, now, Mode.PREVIEW)
    assert orders.state(source.id, now) is None


def test_a_run_that_failed_here_is_told_and_can_be_started_again(whmcs, add, start, ended, now):
    source = add(whmcs)
    with writing():
        asked = {"source": source.id, "user": None, "mode": "preview", "gone_percents": {}}
        queue.add(JOB_KIND, str(source.id), asked, now, -schedule.TRY_FOR)
    queue.give_up(datetime.now(UTC))
    assert orders.state(source.id, now).problem == "late"
    start(source, Mode.PREVIEW)
    assert ended(source, Mode.PREVIEW).fault == ""
