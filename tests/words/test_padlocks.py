"""What padlocks say."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from webapp.monitor.models import Standing, Target
from webapp.probe import Problem, Reason, State
from webapp.words.padlocks import padlock_words

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def words(state, reason, *, checking=False, staff=False, **known):
    facts = Target(**{"problems": [], "notes": [], "port": 443, "browsers_refuse": False} | known)
    return padlock_words(Standing(state, reason, facts, checking=checking), NOW, UTC, staff=staff)


@pytest.mark.parametrize(
    ("state", "reason", "facts", "called"),
    [
        (State.INVALID, Reason.EXPIRED, {}, "Invalid: certificate expired"),
        (State.INVALID, Reason.REFUSED, {}, "Invalid: HTTPS is off"),
        (State.UNKNOWN, Reason.TIMEOUT, {}, "Unknown: no answer"),
        (State.UNKNOWN, None, {}, "Not checked yet"),
        (State.INACTIVE, Reason.OK, {}, "Inactive"),
        (State.VALID, Reason.OK, {"not_after": NOW + 45 * DAY}, "Valid: expires 7 Jan, 45 days"),
        (
            *(State.VALID, Reason.OK),
            *({"not_after": NOW + 400 * DAY}, "Valid: expires 28 Dec 2027, 400 days"),
        ),
        (State.VALID, Reason.OK, {"browsers_refuse": True}, "Valid: browsers may refuse it"),
    ],
)
def test_a_padlock_is_called_by_its_state_and_its_reason(state, reason, facts, called):
    assert words(state, reason, **facts).name == called


@pytest.mark.parametrize("staff", [False, True])
@pytest.mark.parametrize("reason", Reason)
def test_a_tooltip_has_three_short_lines(reason, staff):
    said = words(reason.state, reason, staff=staff, checked_at=NOW, not_after=NOW)
    lines = said.tooltip.split("\n")
    assert len(lines) == 3
    assert all(len(line) <= 82 for line in lines)


def test_the_providers_people_are_not_sent_to_themselves():
    told = [words(State.INVALID, Reason.REVOKED, staff=staff).tooltip for staff in (False, True)]
    assert ["Ask your hosting provider" in text for text in told] == [True, False]


def test_what_stands_beside_a_valid_padlock_is_when_its_certificate_expires():
    valid = State.VALID, Reason.OK
    ends = {"not_after": NOW + 12 * DAY}
    said = words(*valid, **ends)
    assert (said.text, said.badge, said.has_date) == ("5 Dec, 12 days", "", True)
    soon = words(*valid, **ends, expiring_at=NOW - HOUR)
    assert (soon.text, soon.badge) == ("5 Dec,", "12 days")
    refused = words(*valid, **ends, browsers_refuse=True)
    assert (refused.text, refused.badge) == ("", "Browsers may refuse it")
    both = words(*valid, **ends, browsers_refuse=True, expiring_at=NOW - HOUR)
    assert (both.text, both.badge) == ("5 Dec,", "12 days"), "that it expires comes first"
    assert both.name == "Valid: expires 5 Dec, 12 days"
    assert both.tooltip.startswith("Valid certificate\nExpires in 12 days")


def test_what_stands_beside_any_other_is_its_reason():
    assert words(State.INVALID, Reason.EXPIRED).text == "Certificate expired"
    assert words(State.UNKNOWN, Reason.TIMEOUT).text == "No answer"
    assert words(State.INACTIVE, Reason.EXPIRED).text == ""
    nowhere = Standing(State.UNKNOWN, Reason.NOT_CHECKABLE)
    assert padlock_words(nowhere, NOW, UTC).text == "Not a valid host name"


def test_a_check_under_way_is_told_with_what_was_known_before():
    first = words(State.UNKNOWN, None, checking=True)
    assert (first.name, first.tooltip, first.text) == ("Checking…",) * 3
    again = words(State.INVALID, Reason.EXPIRED, checking=True)
    assert again.name == "Checking… Invalid: certificate expired"
    assert again.tooltip.startswith("Checking…\nCertificate expired\n")
    assert again.text == "Certificate expired"


def test_what_is_stored_is_told_as_what_was_found():
    problems = [asdict(Problem(47, 0, "OpenSSL's error", Reason.CHAIN_INVALID))]
    told = words(State.INVALID, Reason.CHAIN_INVALID, problems=problems).tooltip
    assert "not allowed to issue certificates for this name" in told
    problems = [asdict(Problem(19, 2, "OpenSSL's error", Reason.UNTRUSTED_ISSUER))]
    notes = ["other_path_works"]
    told = words(State.INVALID, Reason.UNTRUSTED_ISSUER, problems=problems, notes=notes).tooltip
    assert "do not trust" not in told
    assert "Browsers accept" in told
