"""Weeks of names of all kinds through the scheduler, the database and a mail server: what arrives
is what a rehearsal of the same history says, and what was promised."""

from datetime import UTC, datetime, timedelta

from tests.alerts.checker import Checker
from tests.alerts.fleet import START, Fleet
from tests.notices import history_player
from webapp.alerts.messages import Kind
from webapp.alerts.rehearsal import told_of
from webapp.alerts.rules import RuleBook
from webapp.cli.alerts import json_line
from webapp.extensions import db

NOT_HERE = {Kind.UNKNOWN, Kind.CHANGED}
ENOUGH = timedelta(days=20)  # in which messages of all kinds come: the other database does the same


def test_what_arrives_by_mail_is_what_a_rehearsal_says(in_app, server):
    fleet = Fleet(1, 32, seed=10, grain=history_player.GRAIN, pace=history_player.PACE)
    facts, start = history_player.facts_of(fleet), datetime.fromtimestamp(START, UTC)
    whole = db.engine.dialect.name == "sqlite"
    if not whole:
        facts = [fact for fact in facts if fact.at < start + ENOUGH]
    history_player.set_up(in_app, fleet, server, start)
    told = list(history_player.play(in_app, facts, server))
    assert history_player.differences(told, told_of(facts, RuleBook())) == []
    assert {event.kind for message in told for event in message.events} == set(Kind) - NOT_HERE
    if whole:
        checker = Checker(fleet, map(json_line, told)).check()
        assert checker.faults == []
        assert checker.figures["messages"] > 60
