"""The truth table: every row of the verdicts, each with a real server and the real engine."""

from collections.abc import Iterator

import pytest

from webapp.demo.lab import LANDING
from webapp.probe import Finding, Reason, State, check_many
from webapp.words import times

# Found before a server is asked, or not found at all: `test_engine` shows these.
WITHOUT_SERVER = {
    Reason.DNS_NOT_FOUND,
    Reason.DNS_FAILED,
    Reason.UNREACHABLE,
    Reason.NOT_CHECKABLE,
    Reason.MONITOR_ERROR,
}


@pytest.fixture(scope="module")
def contacts_before(lab) -> dict[str, int]:
    return {name: lab.contacts(name) for name in (*lab.cases, LANDING)}


@pytest.fixture(scope="module")
def findings(lab, lab_settings, contacts_before) -> dict[str, Finding]:
    return {finding.hostname: finding for finding in check_many(lab.cases, lab_settings)}


@pytest.fixture(scope="module")
def seen(lab, findings) -> Iterator[list]:
    return [(case, findings[case.hostname]) for case in lab.cases.values()]


def test_every_reason_has_a_server_that_shows_it(lab):
    assert {case.reason for case in lab.cases.values()} | WITHOUT_SERVER == set(Reason)


def test_every_server_gets_the_verdict_it_deserves(seen):
    assert {case.hostname: finding.reason for case, finding in seen} == {
        case.hostname: case.reason for case, _ in seen
    }


def test_everything_that_is_wrong_is_found_not_only_what_leads(seen):
    for case, finding in seen:
        found = {problem.reason for problem in finding.problems}
        assert case.others <= found, case.hostname


def test_what_changes_no_verdict_is_a_note(seen):
    assert {
        case.hostname: finding.notes for case, finding in seen if finding.notes or case.notes
    } == {case.hostname: case.notes for case, _ in seen if case.notes}


def test_no_check_outlasts_its_deadline(seen, lab_settings):
    assert max(finding.elapsed_seconds for _, finding in seen) < lab_settings.timeout + 1


def test_the_dates_of_valid_certificates_are_read(seen):
    valid = [(case, finding) for case, finding in seen if finding.state is State.VALID]
    for case, finding in valid:
        assert (finding.certificate.not_after - finding.checked_at).days == case.days_left, (
            case.hostname
        )


def test_a_red_certificate_is_read_from_the_connection_that_judged_it(findings):
    expired = findings["expired.lab.example"].certificate
    assert expired.issuer == "Padlock Lab CA 1, Padlock Lab"
    assert expired.names == ("expired.lab.example",)
    assert times.days_left(expired.not_after, findings["expired.lab.example"].checked_at) < 0


def test_what_is_no_tls_is_quoted_for_staff(findings):
    assert "SSH-2.0" in findings["ssh.lab.example"].detail
    assert "HTTP/1.1" in findings["plain-http.lab.example"].detail


def test_a_redirect_is_not_followed(lab, findings, contacts_before):
    assert findings["redirect.lab.example"].reason is Reason.OK
    assert lab.contacts(LANDING) == contacts_before[LANDING]


def test_a_blocked_name_gets_no_connection(findings, guard):
    assert findings["all-private.lab.example"].reason is Reason.BLOCKED
    assert guard.attempts == []


def test_red_without_a_certificate_is_confirmed_by_a_second_try(lab, findings, contacts_before):
    name = "hangs-up.lab.example"
    assert findings[name].reason is Reason.HANDSHAKE_FAILED
    assert lab.contacts(name) == contacts_before[name] + 2


def test_hostile_text_is_cleaned_and_kept(findings):
    long = findings["hostile-long.lab.example"].certificate
    assert len(long.issuer) <= 200
    bidi = findings["hostile-bidi.lab.example"].certificate
    assert "\u202e" not in bidi.issuer + bidi.subject
    assert "<script>" in findings["hostile-script.lab.example"].certificate.issuer
