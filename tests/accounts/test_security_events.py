"""What is noted of an account, and that a flood of attempts stays small."""

from datetime import timedelta

import pytest

from tests.conftest import NOW
from webapp.accounts import security_events, sign_ins
from webapp.accounts.models import SecurityEvent, SignIn
from webapp.accounts.security_events import Caller, Event
from webapp.customers.models import User
from webapp.extensions import db, writing
from webapp.site import site_of
from webapp.words import security

HERE = Caller("203.0.113.7", "Mozilla/5.0")


def stored():
    rows = db.session.scalars(db.select(SecurityEvent).order_by(SecurityEvent.id))
    return [(row.event, row.address, row.user_id, row.count) for row in rows]


def tried(email, address="203.0.113.7", now=NOW, event=Event.SIGN_IN_FAILED):
    security_events.note_attempt(event, email, Caller(address), now)


def test_an_unknown_address_is_kept_as_a_keyed_hash(in_app):
    tried("stranger@example.net")
    row = db.session.scalar(db.select(SecurityEvent))
    assert (row.user_id, len(row.email_hash)) == (None, 16)
    assert row.email_hash == security_events.email_hash("stranger@example.net")
    in_app.config["SECRET_KEY"] = "another secret, and as long as it has to be"
    assert row.email_hash != security_events.email_hash("stranger@example.net")


def test_a_known_address_is_kept_as_its_user(in_app):
    tried("alice@example.com")
    row = db.session.scalar(db.select(SecurityEvent))
    assert (row.user_id, row.email_hash) == (1, "")


def test_the_same_within_a_minute_is_one_row_with_a_count(in_app):
    for second in (0, 1, 59):
        tried("alice@example.com", now=NOW + timedelta(seconds=second))
    tried("alice@example.com", now=NOW + timedelta(seconds=60))
    tried("alice@example.com", "203.0.113.8", NOW + timedelta(seconds=60))
    tried("bob@example.com", now=NOW + timedelta(seconds=60))
    assert [(row[1], row[2], row[3]) for row in stored()] == [
        ("203.0.113.7", 1, 3),
        ("203.0.113.7", 1, 1),
        ("203.0.113.8", 1, 1),
        ("203.0.113.7", 2, 1),
    ]


def test_a_flood_from_many_addresses_stays_small_and_loses_no_count(in_app, monkeypatch):
    monkeypatch.setattr(security_events, "MOST_ROWS_AN_HOUR", 10)
    for number in range(40):
        tried(f"{number}@example.net", f"2001:db8:{number:x}::1")
    rows = stored()
    assert (len(rows), sum(row[3] for row in rows)) == (11, 40)
    assert rows[-1] == ("sign-in failed", security_events.SEVERAL, None, 30)
    with writing():  # what takes a password is noted in full all the same
        security_events.note(Event.PASSWORD_CHANGED, HERE, NOW, user=db.session.get(User, 1))
    assert stored()[-1] == ("password changed", "203.0.113.7", 1, 1)
    tried("late@example.net", now=NOW + timedelta(minutes=61))
    assert stored()[-1][1] == "203.0.113.7"


def test_what_failed_to_happen_is_not_noted(in_app):
    def fails():
        with writing():
            security_events.note(Event.PASSWORD_CHANGED, HERE, NOW, user=db.session.get(User, 1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert stored() == []


def test_old_events_are_deleted_a_batch_at_a_time(in_app, monkeypatch):
    monkeypatch.setattr(security_events, "DELETED_AT_ONCE", 2)
    in_app.config["PADLOCK_SECURITY_LOG_DAYS"] = 30
    for day in (33, 32, 31, 29, 0):
        tried("alice@example.com", now=NOW - timedelta(days=day))
    left = []
    for _ in range(3):
        security_events.delete_old(NOW)
        left.append(len(stored()))
    assert left == [3, 2, 2]


def test_the_scheduler_deletes_them(in_app):
    assert security_events.delete_old in site_of(in_app).each_tick


def test_every_event_has_its_words(in_app):
    assert {event.value for event in Event} == set(security.SECURITY_EVENTS)
    assert all(len(event) <= 40 for event in Event)


@pytest.mark.parametrize(
    ("event", "parameters", "words"),
    [
        (
            "role changed",
            {"before": "client", "role": "admin"},
            "Role changed from Client to Administrator",
        ),
        ("user added", {"role": "staff"}, "User added as Staff"),
        ("token created", {"name": "<b>"}, "token created"),  # of a release to come
    ],
)
def test_an_event_is_told_in_words(event, parameters, words):
    assert security.security_event_text(event, parameters) == words


def test_of_too_many_sign_ins_the_least_recently_used_ends(in_app):
    alice = db.session.get(User, 1)
    bob = db.session.get(User, 2)
    his = sign_ins.sign_in(bob, NOW)
    tokens = [
        sign_ins.sign_in(alice, NOW + timedelta(seconds=n)) for n in range(sign_ins.MOST_SIGN_INS)
    ]
    later = NOW + timedelta(minutes=10)
    sign_ins.note_use(sign_ins.signed_in(tokens[0], later), HERE, later)
    newest = sign_ins.sign_in(alice, later)
    ended = [token for token in (his, *tokens, newest) if sign_ins.signed_in(token, later) is None]
    assert ended == [tokens[1]]


def test_the_use_of_a_sign_in_is_written_every_five_minutes_at_most(in_app):
    token = sign_ins.sign_in(db.session.get(User, 1), NOW, HERE)
    noted = []
    for minute in (1, 4, 5, 9, 10):
        now = NOW + timedelta(minutes=minute)
        sign_ins.note_use(sign_ins.signed_in(token, now), Caller(f"192.0.2.{minute}"), now)
        noted.append(db.session.execute(db.select(SignIn.last_used_at, SignIn.address)).one())
    minutes = [(at - NOW).seconds // 60 for at, _ in noted]
    assert minutes == [0, 0, 5, 5, 10]
    assert noted[-1].address == "192.0.2.10"


@pytest.mark.parametrize(
    ("name", "hours", "lasts"), [("ada", 11.9, True), ("ada", 12, False), ("sam", 700, True)]
)
def test_an_idle_administrator_is_signed_out(in_app, name, hours, lasts):
    token = sign_ins.sign_in(
        db.session.scalar(db.select(User).filter_by(email=f"{name}@example.com")), NOW
    )
    now = NOW + timedelta(hours=hours)
    assert (sign_ins.signed_in(token, now, timedelta(hours=12)) is not None) is lasts
    assert sign_ins.signed_in(token, now, None) is not None
