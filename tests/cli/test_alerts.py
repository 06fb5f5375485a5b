"""`flask alerts rehearse`."""

import json

import pytest

from tests.alerts.history import History, day

KEYS = {"at", "to", "urgent", "events", "incident", "reminder"}


@pytest.fixture
def rehearse(app, tmp_path):
    """Runs the command on these lines, with these rules."""

    def rehearse(lines, *options, rules=None, facts=None):
        path = tmp_path / "facts.jsonl"
        path.write_text("".join(f"{line}\n" for line in lines))
        if rules is not None:
            (tmp_path / "rules.json").write_text(rules)
            options = ("--rules", str(tmp_path / "rules.json"), *options)
        run = app.test_cli_runner().invoke
        return run(
            args=["alerts", "rehearse", facts or str(path), *options], input=path.read_bytes()
        )

    return rehearse


def lines():
    return [line for _, line in History().shows((0, 90), 0, 60).lines]


def test_each_message_is_a_line_of_json(rehearse):
    ran = rehearse(lines(), "--until", "2026-03-25T12:00:00Z", "--json", facts="-")
    messages = [json.loads(line) for line in ran.output.splitlines()]
    assert ran.exit_code == 0
    assert all(message.keys() == KEYS for message in messages)
    assert messages[0] == {
        "at": "2026-03-10T08:00:00+00:00",
        "to": "staff",
        "urgent": False,
        "events": [{"kind": "expiring", "name": "a", "client": "Bakery", "reason": None}],
        "incident": None,
        "reminder": False,
    }
    assert [message["to"] for message in messages] == ["staff", "client:Bakery"] * 2


def test_it_ends_at_the_last_line_unless_said_otherwise(rehearse):
    assert rehearse(lines(), "--json").output == ""
    until = rehearse(lines(), "--until", day(68.5).isoformat(), rules='{"site":{"clients":"off"}}')
    assert until.output.splitlines() == [
        "2026-03-10T08:00:00+00:00  staff: a expires soon, Bakery",
        "1 message",
    ]


def test_a_stranger_s_text_does_not_reach_the_terminal(rehearse):
    lines = [line for _, line in History().red(day(0), name="a\x1b[31m\ud800\u202e").lines]
    ran = rehearse(lines, "--until", "2026-01-02")
    assert "staff: a[31m became invalid (refused), Bakery" in ran.output
    ran = rehearse(lines, rules='{"names": {"a\\u001b[31m\\ud800": {"hours": 1}}}')
    assert "names.a[31m.hours" in ran.output


def test_a_few_seconds_of_disorder_are_put_right(rehearse):
    history = History().red(day(0)).red(day(0.01))
    ran = rehearse([line for _, line in reversed(history.lines)], "--until", "2026-01-02")
    assert "a became invalid (refused), Bakery" in ran.output


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 3: It is not JSON."),
        ('{"at": "2026-01-01T00:00:00Z"}', "line 3: It needs one of these keys: state, monitor"),
        (
            '{"at": "2026-02-01T00:00:00Z", "name": "a", "state": "green"}',
            'line 3: "state" must be valid, invalid, unknown or inactive.',
        ),
        (
            '{"at": "2025-01-01T00:00:00Z", "monitor": "offline"}',
            'line 3: "at" is earlier than on the line before. Sort the lines by it.',
        ),
    ],
)
def test_a_wrong_line_is_refused_by_its_number(rehearse, line, told):
    first, second = lines()[0], lines()[-1]
    ran = rehearse([first, second, line], "--until", "2027-01-01", "--json")
    assert (ran.exit_code, ran.output.count("\n")) == (2, 1)
    assert told in ran.output


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("{", "RULES: the file is not JSON."),
        ("[]", "RULES: the file must be a JSON object."),
        ('{"site": {"urgent": {"days": 0}}}', "RULES: site.urgent.days must be a number of days"),
        ('{"site": {"mute": 1}}', "RULES: site.mute is not a known key."),
    ],
)
def test_a_wrong_rule_is_refused_with_its_path(rehearse, rules, told):
    ran = rehearse(lines(), rules=rules)
    assert (ran.exit_code, ran.output.count("\n")) == (2, 1)
    assert told in ran.output


def test_wrong_usage_is_told(rehearse):
    for options in (["--until", "soon"], ["--until", "9999-12-31"], ["--rules", "no such file"]):
        ran = rehearse(lines(), *options, facts="-")
        assert (ran.exit_code, "Traceback" in ran.output) == (2, False)
