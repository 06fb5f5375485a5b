"""What a finding means in words: headline, cause and cure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from webapp.probe.finding import Finding, Problem, Reason, State
from webapp.probe.notes import BROWSERS_REFUSE
from webapp.words.chain_faults import Facts, fault
from webapp.words.curl_errors import command_for, curl_number
from webapp.words.hostnames import refusal_text
from webapp.words.notes import note_texts, stray_texts
from webapp.words.reasons import MENDS, WORDS
from webapp.words.states import LOOKS, many_browsers_refuse, never_asked
from webapp.words.times import age_text
from webapp.words.translation import gettext, ngettext


def asked_text(asked: int, left: int) -> str:
    """What became of a wish to check several at once: how many are asked, and how many are not."""
    if not asked and not left:
        return gettext("Select at least one row.")
    told = []
    if asked:
        told.append(ngettext("{count:,} is being checked.", "{count:,} are being checked.", asked))
    if left:
        told.append(
            ngettext(
                "{count:,} skipped: inactive, not a valid host name, or just checked.",
                "{count:,} skipped: inactive, not a valid host name, or just checked.",
                left,
            )
        )
    return " ".join(told)


def many_asked_text(names: int) -> str:
    """How many host names are checked after all rows of a list were selected."""
    if not names:
        return gettext("Nothing to check. The selected items are inactive or have no host name.")
    return ngettext(
        "{count:,} host name is being checked. Its padlock updates when the check is done.",
        "{count:,} host names are being checked. Padlocks update as the checks are done.",
        names,
    )


def title(state: State, reason: Reason | None, facts: Facts | None = None) -> str:
    """The headline of a padlock: its reason where there is one, else its state."""
    if reason is not None:
        behind = fault(reason, facts)
        return (behind and behind.title) or WORDS[reason].title
    return never_asked() if state is State.UNKNOWN else LOOKS[state].label


def customer_text(state: State, reason: Reason | None, facts: Facts | None = None) -> str:
    """What is wrong, for the person whose site it is."""
    if reason is None:
        return LOOKS[state].meaning
    if reason is Reason.OK and facts is not None and not BROWSERS_REFUSE.isdisjoint(facts.notes):
        return many_browsers_refuse()
    behind = fault(reason, facts)
    return behind.customer if behind else WORDS[reason].customer


def cause_text(reason: Reason, facts: Facts | None = None) -> str:
    """What is wrong, for a technician."""
    behind = fault(reason, facts)
    return (behind and behind.staff) or WORDS[reason].staff


def finding_text(finding: Finding) -> str:
    """What is wrong, for the person whose site it is, with what is odd about the name where that is
    the reason."""
    text = customer_text(finding.state, finding.reason, finding)
    if finding.refusal is None:
        return text
    return f"{text} {refusal_text(finding.refusal, finding.allowed_ports)}"


def staff_text(finding: Finding) -> str:
    """What a technician wants to know of a finding, in one line: the cause, OpenSSL's text, where
    it was asked, and curl's error number with the command that shows it."""
    behind = fault(finding.reason, finding)
    parts = [behind.customer] if behind and not behind.staff else []
    parts += [cause_text(finding.reason, finding), *note_texts(finding.notes, staff=True)]
    if finding.allowed_ports and finding.refusal is not None:
        parts.append(refusal_text(finding.refusal, finding.allowed_ports, admin=True))
    if finding.detail:
        parts.append(f"{finding.detail}.")
    parts += stray_texts(finding.stray, finding.reason)
    if finding.address:
        parts.append(
            gettext(
                "Checked at {address} port {port}.",
                address=finding.address,
                port=finding.address_port,
            )
        )
    number = curl_number(finding.reason, finding)
    if finding.hostname and number is not None:
        command = command_for(finding)
        parts.append(gettext("curl error {number}: {command}", number=number, command=command))
    return " ".join(parts)


def problem_text(problem: Problem) -> str:
    """One verify error as OpenSSL says it, with its number and its place in the chain."""
    place = gettext("issuer {depth}", depth=problem.depth) if problem.depth else gettext("leaf")
    return f"{problem.text} (X509_V_ERR {problem.code}, {place})"


def stored_problem_text(stored: Mapping[str, Any]) -> str:
    """The same for a problem as it is stored of a host name."""
    return problem_text(
        Problem(stored["code"], stored["depth"], stored["text"], Reason(stored["reason"]))
    )


def last_known(
    state: State, last_valid_at: datetime | None, now: datetime, zone: tzinfo = UTC
) -> str:
    """What an unknown padlock still knows: "Last seen valid 3 hours ago." Empty where there is
    nothing to say."""
    if state is State.UNKNOWN and last_valid_at is not None:
        return gettext("Last seen valid {ago}.", ago=age_text(last_valid_at, now, zone))
    return ""


def check_result(was: str, state: State, reason: Reason | None, facts: Facts | None = None) -> str:
    """What "Check now" came to; `was` is the code of the reason before it."""
    if reason is Reason.MONITOR_ERROR:
        return gettext("Could not check: {why}. Try again.", why=title(state, reason, facts))
    if reason is None or reason.value == was:
        return gettext("Checked, no change.")
    if state is State.UNKNOWN:
        return gettext("Could not check: {why}. Try again.", why=title(state, reason, facts))
    now = LOOKS[state].label.lower()
    if state is State.VALID:
        return gettext("Checked: now {state}.", state=now)
    return gettext("Checked: now {state}, {why}.", state=now, why=title(state, reason, facts))


def cure_text(reason: Reason | None, facts: Facts | None = None) -> str:
    """What to do about it and who can; empty where there is nothing to say."""
    if reason is None:
        return ""
    behind = fault(reason, facts)
    return behind.cure if behind else WORDS[reason].cure


def mend_text(reason: Reason, facts: Facts | None = None) -> str:
    """What a technician does about it."""
    behind = fault(reason, facts)
    return behind.mend if behind else MENDS[reason]
