"""Ten months of many names of all kinds: what was promised of the messages holds."""

import json

import pytest

from tests.alerts.checker import Checker
from tests.alerts.fleet import DAY, Fleet, iso
from webapp.alerts.rehearsal import rehearse
from webapp.alerts.rules import RuleBook
from webapp.cli.alerts import json_line


@pytest.fixture(scope="module")
def fleet():
    return Fleet(80, 300, seed=5)


@pytest.fixture(scope="module")
def told(fleet):
    facts = (line.encode() for line in fleet.lines())
    return [json_line(message) for message in rehearse(facts, RuleBook())]


def test_every_promise_is_kept(fleet, told):
    checker = Checker(fleet, told).check()
    assert checker.faults == []
    assert checker.figures["certificates that expired"] > 10
    assert checker.figures["renewals"] > 500


@pytest.mark.parametrize(
    ("kind", "figure"),
    [
        ("urgent", "told again when urgent"),
        ("expired", "told when it expires"),
        ("late", "late before its threshold"),
        ("invalid", "an incident lists its names"),
        ("recovered", "an incident lists its names"),
    ],
)
def test_the_checker_finds_what_is_missing(fleet, told, kind, figure):
    rest = [line for line in told if f'"kind": "{kind}"' not in line]
    assert Checker(fleet, rest).check().figures[f"{figure}: broken"]


def test_the_checker_finds_what_is_too_much(fleet, told):
    name = next(name for name in fleet.names if name.kind == "acme 47")
    event = {"kind": "expiring", "name": name.name, "client": name.client, "reason": None}
    begin, _ = fleet.outages[1]
    message = json.loads(told[0]) | {"to": "staff", "urgent": False, "events": [event]}
    too_much = [json.dumps(message | {"at": iso(begin + number * DAY)}) for number in range(9)]
    figures = Checker(fleet, [*told, *too_much]).check().figures
    assert figures["no message during an outage: broken"]
    assert figures["no message for routine renewals: broken"]
