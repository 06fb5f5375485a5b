"""Weeks of names of all kinds through the scheduler, the database and a mail server: what arrives
is what a rehearsal of the same history says, and what was promised."""

from datetime import UTC, datetime

from tests.alerts.checker import Checker
from tests.alerts.fleet import START, Fleet
from tests.notices import history_player
from webapp.alerts.rehearsal import told_of
from webapp.alerts.rules import RuleBook
from webapp.cli.alerts import json_line


def test_what_arrives_by_mail_is_what_a_rehearsal_says(in_app, server):
    fleet = Fleet(30, 32, seed=5, grain=history_player.GRAIN, pace=history_player.PACE)
    facts = history_player.facts_of(fleet)
    history_player.set_up(in_app, fleet, server, datetime.fromtimestamp(START, UTC))
    told = list(history_player.play(in_app, facts, server))
    assert history_player.differences(told, told_of(facts, RuleBook())) == []
    checker = Checker(fleet, map(json_line, told)).check()
    assert checker.faults == []
    assert checker.figures["messages"] > 60
