"""The verdict of a diagnosis in words, and what to do about it."""

from __future__ import annotations

from datetime import tzinfo

from webapp.probe.finding import Finding, Reason, State
from webapp.probe.steps import Origin, Verdict
from webapp.words import certificates, chain_faults, states, times, verdicts, website
from webapp.words import notes as note_words
from webapp.words.diagnosis_chain import leave_out_text, missing_text
from webapp.words.told import MARKS, NOTE, StepText, at_text, facts_of, title_of
from webapp.words.translation import gettext


def verdict_text(step: Verdict, staff: bool, zone: tzinfo) -> StepText:
    finding = step.finding
    leading = finding.reason
    look = states.LOOKS[finding.state]
    if leading is not Reason.OK:
        heading = gettext("{state}: {reason}", state=look.label, reason=title_of(finding))
    elif step.odd:
        heading = gettext("{state}, not at every address", state=look.label)
    elif step.second_is_bad:
        heading = gettext("{state}, not in every browser", state=look.label)
    elif finding.browsers_refuse:
        heading = gettext("{state}, but browsers may refuse it", state=look.label)
    else:
        heading = look.label
    only_in_part = leading is Reason.OK and (step.odd or step.second_is_bad)
    parts = [] if only_in_part else [verdicts.finding_text(finding), _expiry(finding, zone)]
    parts.append(website.addresses_differ() if step.odd else "")
    text = " ".join(part for part in parts if part)
    second = step.second if step.second_is_bad or leading is not Reason.OK else None
    notes = [certificates.second_text(second, zone)] if second is not None else []
    notes += [website.cut_short()] if step.cut_short else []
    notes += [chain_faults.weakness_text(remark) for remark in step.remarks] if staff else []
    notes += note_words.stray_texts(finding.stray, leading) if staff else []
    notes += note_words.note_texts(finding.notes, staff=staff)
    aside = (
        step.odd
        or step.second_is_bad
        or finding.browsers_refuse
        or step.origin in (Origin.ELSEWHERE, Origin.NOWHERE)
    )
    mark = NOTE if aside and finding.state is State.VALID else MARKS[finding.state]
    return StepText(heading, mark, text, facts_of(*_cures(step, staff)), tuple(notes))


def _expiry(finding: Finding, zone: tzinfo) -> str:
    """When the certificate expires, where that is good news or the fault itself."""
    if finding.certificate is None or finding.reason not in (Reason.OK, Reason.EXPIRED):
        return ""
    return times.expiry_text(finding.certificate.not_after, finding.checked_at, zone)


def _cures(step: Verdict, staff: bool) -> list[tuple[str, str]]:
    finding = step.finding
    cures = []
    leading = finding.reason
    if leading is not Reason.OK or not (step.odd or step.second_is_bad or finding.notes):
        cure = what_to_do(step) if staff else verdicts.cure_text(leading, finding)
        cures.append((gettext("What to do"), cure))
    for one in step.odd:
        where = at_text(one.endpoint) if staff else one.endpoint.address
        told = verdicts.mend_text if staff else verdicts.cure_text
        label = gettext("What to do at {address}", address=where)
        cures.append((label, told(one.finding.reason, one.finding)))
    if step.second is not None and step.second_is_bad:
        second = step.second.finding
        told = verdicts.mend_text if staff else verdicts.cure_text
        label = gettext("What to do about the {signing} certificate", signing=step.second.signing)
        cures.append((label, told(second.reason, second)))
    if step.origin not in (None, Origin.HERE):
        words = website.ORIGINS[step.origin]
        cures.append((words.label, words.staff if staff else words.customer))
    if staff:
        if leading is not Reason.OK:
            cures.append((gettext("For the client"), verdicts.cure_text(leading, finding)))
            cures.append((gettext("Cause"), verdicts.cause_text(leading, finding)))
        cures.append((gettext("Detail"), finding.detail))
    return cures


def what_to_do(verdict: Verdict) -> str:
    """What a technician does about it, with what is missing and what is too much by name."""
    parts = [verdicts.mend_text(verdict.finding.reason, verdict.finding)]
    if verdict.chain is not None:
        parts += [leave_out_text(verdict.chain), missing_text(verdict.chain)]
    return " ".join(part for part in parts if part)
