import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from webapp.monitor.models import Target
from webapp.probe import Finding, Note, Reason, Refusal, State
from webapp.probe.chain import Weakness
from webapp.probe.contact import Contact, Ending
from webapp.probe.finding import Problem
from webapp.probe.judge import _OF_THE_LEAF, OF_THE_PATH, judge
from webapp.probe.steps import Failure, Origin
from webapp.words import (
    certificates,
    chain_faults,
    curl_errors,
    hostnames,
    notes,
    reasons,
    states,
    times,
    verdicts,
    website,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_every_reason_has_its_row_in_the_documentation():
    page = Path(__file__).parents[2].joinpath("docs", "verdicts.md").read_text()
    told = re.findall(r"^\| (valid|invalid|unknown) \| `(\w+)` \|", page, re.MULTILINE)
    assert sorted(told) == sorted((reason.state.value, reason.value) for reason in Reason)


def test_every_state_reason_refusal_and_note_has_its_words():
    assert set(states.LOOKS) == set(State)
    assert set(reasons.WORDS) == set(Reason)
    assert set(hostnames.REFUSALS) == set(Refusal)
    assert set(notes.NOTES) == set(Note)
    assert set(reasons.MENDS) == set(Reason)
    # What only a certificate that was read can have
    assert set(certificates._SECOND) == {Reason.OK} | _OF_THE_LEAF | OF_THE_PATH
    assert set(chain_faults.WEAKNESSES) == set(Weakness)
    assert set(website.ORIGINS) == set(Origin)
    assert set(website.HTTP_FAILURES) == set(Failure)


def test_the_four_states_have_four_shapes():
    assert len({look.icon for look in states.LOOKS.values()}) == len(State)


@pytest.mark.parametrize(
    "jargon", ["SAN", "TLS", "leaf", "X509", "handshake", "SNI", "curl", "OpenSSL", "DNS resolver"]
)
def test_customers_read_no_jargon(jargon):
    for words in reasons.WORDS.values():
        assert not re.search(rf"\b{jargon}\b", f"{words.title} {words.customer} {words.cure}")


BERLIN, NEW_YORK, KIRITIMATI = (
    ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Pacific/Kiritimati")
)
SECOND, MINUTE, HOUR, DAY = (
    timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days")
)


@pytest.mark.parametrize(
    ("zone", "now", "at", "days"),
    [
        (UTC, "2026-11-23T12:00", "2026-11-23T23:59:59", 0),
        (UTC, "2026-11-23T12:00", "2026-11-24T00:00:00", 1),
        (UTC, "2026-11-23T12:00", "2026-11-24T11:00", 1),  # 23 hours, and tomorrow
        (BERLIN, "2026-11-23T12:00", "2026-11-23T22:59:59", 0),
        (BERLIN, "2026-11-23T12:00", "2026-11-23T23:00", 1),
        (NEW_YORK, "2026-11-23T12:00", "2026-11-24T04:59:59", 0),
        (NEW_YORK, "2026-11-23T12:00", "2026-11-24T05:00", 1),
        # 14 hours ahead: it is the 24th there
        (KIRITIMATI, "2026-11-23T12:00", "2026-11-24T09:59:59", 0),
        (KIRITIMATI, "2026-11-23T09:59:59", "2026-11-23T10:00", 1),
        (BERLIN, "2026-10-24T22:00", "2026-10-25T22:59:59", 0),  # a day of 25 hours
        (BERLIN, "2026-03-28T23:00", "2026-03-29T22:00", 1),  # a day of 23
        (NEW_YORK, "2026-11-01T04:00", "2026-11-02T04:59:59", 0),
        (NEW_YORK, "2026-03-08T05:00", "2026-03-09T04:00", 1),
        (UTC, "2028-02-28T23:00", "2028-03-01T01:00", 2),  # over a leap day
        (UTC, "2026-11-23T12:00", "2026-11-14T11:00", -9),
        (KIRITIMATI, "2026-11-23T12:00", "9999-12-31T23:59:59", 2912115),
    ],
)
def test_days_are_those_of_the_readers_calendar(zone, now, at, days):
    moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (at, now)]
    assert times.days_left(*moments, zone) == days


@pytest.mark.parametrize(
    ("delta", "text"),
    [
        (SECOND, "in under a minute"),
        (MINUTE, "in 1 minute"),
        (HOUR - SECOND, "in 59 minutes"),
        (HOUR, "in 1 hour"),
        (23 * HOUR, "in 23 hours"),
        (2 * DAY - SECOND, "in 47 hours"),
        (2 * DAY, "in 2 days"),
        (12 * DAY, "in 12 days"),
    ],
)
def test_what_is_ahead_is_told_in_hours_below_two_days(delta, text):
    assert times.expiry_text(NOW + delta, NOW).startswith(f"Expires {text}, on ")


@pytest.mark.parametrize(
    ("delta", "text"),
    [
        (0 * SECOND, "just now"),
        (59 * SECOND, "just now"),
        (MINUTE, "1 minute ago"),
        (5 * HOUR, "5 hours ago"),
        (2 * DAY - SECOND, "47 hours ago"),
        (2 * DAY, "2 days ago"),
        (9 * DAY + HOUR, "9 days ago"),
    ],
)
def test_what_is_past_is_told_in_the_same_way(delta, text):
    assert times.expiry_text(NOW - delta, NOW).startswith(f"Expired {text}, on ")
    assert times.age_text(NOW - delta, NOW) == text


@pytest.mark.parametrize(
    ("lifetime", "left", "text"),
    [
        (90 * DAY - SECOND, 90 * DAY - SECOND, "90 days of 90"),  # as Let's Encrypt issues them
        (90 * DAY, 12 * DAY, "12 days of 90"),
        (90 * DAY, 23 * HOUR, "23 hours of 90 days"),
        (DAY, 5 * HOUR, "5 hours of 24 hours"),
        (90 * DAY, 91 * DAY, "91 days"),  # not valid yet
    ],
)
def test_no_more_is_left_than_the_lifetime(lifetime, left, text):
    not_after = NOW + left
    assert times.left_of_text(not_after - lifetime, not_after, NOW) == text


def test_the_future_is_no_age():
    assert times.age_text(NOW + DAY, NOW) == "just now"


@pytest.mark.parametrize("zone", [UTC, BERLIN, NEW_YORK, KIRITIMATI])
@pytest.mark.parametrize(
    "start", ["2026-11-23T12:00", "2026-03-27T23:30", "2026-10-23T22:30", "2028-02-27T12:00"]
)
def test_words_date_and_number_of_days_agree_at_every_hour(zone, start):
    now = datetime.fromisoformat(start).replace(tzinfo=UTC)
    for hours in range(-20 * 24, 20 * 24):
        at = now + hours * HOUR
        days = times.days_left(at, now, zone)
        text = times.expiry_text(at, now, zone)
        assert text.endswith(f", on {times.day_text(at.astimezone(zone))}.")
        assert text.startswith("Expired " if at <= now else "Expires in ")
        if " days" in text:
            assert f" {abs(days)} days" in text
        else:
            assert abs(hours) <= 48
            assert abs(days) <= 2


def test_the_warning_comes_at_its_moment_and_on_green_only():
    assert states.expiring(State.VALID, NOW, NOW)
    assert not states.expiring(State.VALID, NOW + timedelta(seconds=1), NOW)
    assert not states.expiring(State.INVALID, NOW, NOW)
    assert not states.expiring(State.VALID, None, NOW)


def test_staff_read_the_cause_the_text_the_address_and_the_command():
    finding = Finding(
        "x", "shop.example", Reason.EXPIRED, NOW, 0.1, "192.0.2.1", detail="certificate has expired"
    )
    text = verdicts.staff_text(finding)
    assert "certificate has expired." in text
    assert "192.0.2.1 port 443" in text
    assert "curl error 60: curl --max-time 10 -v https://shop.example" in text


def test_an_unknown_padlock_says_what_it_still_knows():
    seen = NOW - timedelta(hours=3)
    assert verdicts.last_known(State.UNKNOWN, seen, NOW) == "Last seen valid 3 hours ago."
    assert verdicts.last_known(State.INVALID, seen, NOW) == ""


def test_the_command_asks_where_we_asked():
    assert (
        curl_errors.curl_command("shop.example", "192.0.2.1", 443)
        == "curl --max-time 10 -v https://shop.example"
    )
    there = curl_errors.curl_command("shop.example", "2001:db8::1", 8443)
    assert there.endswith("--connect-to 'shop.example:443:[2001:db8::1]:8443'")


def problem(code, depth, reason):
    return Problem(code, depth, "OpenSSL's error", reason)


@pytest.mark.parametrize(
    ("leading", "told"),
    [
        (problem(9, 1, Reason.CHAIN_EXPIRED), "not valid yet"),
        (problem(10, 2, Reason.CHAIN_EXPIRED), "has expired"),
        (problem(13, 0, Reason.CHAIN_INVALID), "The dates of the certificate cannot be read"),
        (problem(14, 1, Reason.CHAIN_INVALID), "dates of an issuer's certificate cannot be read"),
        (problem(22, 11, Reason.CHAIN_INVALID), "than we follow"),
    ],
)
def test_a_fault_is_told_more_exactly_than_its_reason_to_customers_and_to_staff(leading, told):
    found = Finding("a.example", "a.example", leading.reason, NOW, 0.1, problems=(leading,))
    assert told in verdicts.finding_text(found)
    assert told in verdicts.staff_text(found)
    stored = Target(problems=[asdict(leading)], notes=[])
    assert told in verdicts.customer_text(State.INVALID, leading.reason, stored)


# OpenSSL reports these only of what we do not ask it for, or of itself
NEVER_ASKED_FOR = {1, 50, 65, 71, 95, 101}


@pytest.mark.parametrize("depth", [0, 1])
def test_every_cause_of_a_broken_chain_has_a_cure_of_its_own(depth):
    for code in range(1, 104):
        reason, problems = judge(
            Contact(Ending.DONE, leaf=b"", chain_seen=True, errors=((code, depth, "text"),))
        )
        if reason is Reason.CHAIN_INVALID and code not in NEVER_ASKED_FOR:
            found = Finding("a.example", "a.example", reason, NOW, 0.1, problems=problems)
            assert verdicts.cure_text(reason, found) != reasons.WORDS[reason].cure, code
            assert verdicts.mend_text(reason, found) != reasons.MENDS[reason], code


@pytest.mark.parametrize(
    "jargon", ["SAN", "TLS", "leaf", "X509", "handshake", "curl", "OpenSSL", "CA", "extension"]
)
def test_customers_read_no_jargon_of_chains(jargon):
    told = [
        *chain_faults.CHAIN_FAULTS.values(),
        *chain_faults.LEAF_FAULTS.values(),
        chain_faults.dead_end(),
    ]
    for one in told:
        assert not re.search(rf"\b{jargon}\b", f"{one.title} {one.customer} {one.cure}")


def test_a_date_in_the_future_may_be_our_own_clock():
    not_yet = Finding("a.example", "a.example", Reason.NOT_YET_VALID, NOW, 0.1)
    assert "our own clock may be wrong" in verdicts.finding_text(not_yet)
    assert "ours may be wrong" in verdicts.staff_text(not_yet)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://shop.example/", []),
        ("no name", []),
        ("http://shop.example:80", ["Checked on port 443, not 80."]),
        ("shop.example:2083", []),
        ("ftp://shop.example", ["Checked over HTTPS, not FTP."]),
        ("*.shop.example", ["*.shop.example is checked as shop.example."]),
        ("(shop.example)", ["The characters around the name are ignored."]),
        ("shop.example/a", ["The path /a is ignored: a certificate covers the whole name."]),
    ],
)
def test_what_is_left_out_of_a_name_is_said(text, told):
    assert hostnames.left_out_texts(text) == told
