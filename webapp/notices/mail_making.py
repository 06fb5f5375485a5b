"""A mail about certificates, made of its templates and of what it tells.

A template has the words around the list of names. The list itself and the links that switch such
mails off are ours: no template leaves them out, or writes HTML.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app

from webapp import mail, probe
from webapp.alerts.messages import Kind
from webapp.notices import template_sandbox
from webapp.notices.mail_templates import MailText
from webapp.notices.models import MOST_SUBJECT_CHARACTERS, Audience
from webapp.notices.template_sandbox import BadTemplate
from webapp.words import alert_mails as say
from webapp.words import channels
from webapp.words import mail_templates as template_words
from webapp.words.alert_mails import Line
from webapp.words.times import days_left

# Of the line beside what has happened; seen on white and on black
COLOURS = {
    **dict.fromkeys((Kind.EXPIRED, Kind.URGENT, Kind.INVALID), "#d63939"),
    **dict.fromkeys((Kind.UNKNOWN, Kind.LATE, Kind.EXPIRING), "#f59f00"),
    Kind.CHANGED: "#4299e1",
    Kind.RECOVERED: "#2fb344",
}


@dataclass(frozen=True, slots=True)
class MailFacts:
    """What a mail tells, to whom. `counts` are all there are of each kind; `incident` is the number
    of the one that it is about."""

    audience: Audience
    user: str
    client: str  # empty for staff
    lines: Sequence[Line]
    counts: Counter[str]
    at: datetime
    reminder: bool
    incident: int | None
    unsubscribe: str  # an address


@dataclass(frozen=True, slots=True)
class Mail:
    subject: str
    text: str
    html: str


class Names(list[dict[str, Any]]):
    """The names of a mail as its template knows them; printed as a whole they are this text."""

    def __init__(self, rows: Iterable[dict[str, Any]], text: str) -> None:
        super().__init__(rows)
        self._text = text

    def __str__(self) -> str:
        return self._text


def make(template: MailText, facts: MailFacts) -> Mail:
    """The mail. Raises `template_sandbox.BadTemplate`."""
    subject = make_subject(template.subject, facts)
    before, _, after = _parts(template.body, facts)
    staff = facts.audience is Audience.STAFF
    together = facts.incident is not None
    zone = current_app.config["PADLOCK_TIMEZONE"]
    sections = say.sections(
        *(facts.lines, facts.counts, facts.at, zone), staff=staff, together=together
    )
    left = say.left_text(facts.lines, facts.counts)
    of_incident = together and staff
    path = f"/admin/incidents/{facts.incident}" if of_incident else "/"
    more = mail.link(current_app, path) if of_incident or left else ""
    profile = mail.link(current_app, "/profile")
    more_text = more and (say.incident_text(more) if of_incident else say.all_names_text(more))
    listed = say.sections_text(sections, left, more_text)
    body = "\n\n".join(filter(None, [before, listed, after]))
    html = current_app.jinja_env.get_template("mails/warning.html").render(
        subject=subject,
        before=before,
        after=after,
        sections=sections,
        colours=COLOURS,
        left=left,
        more=more,
        more_words=say.see_incident() if of_incident else say.see_all_names(),
        why=say.why(),
        profile=profile,
        change=say.change(),
        unsubscribe=facts.unsubscribe,
        turn_off=say.turn_off(),
    )
    return Mail(subject, say.text(body, profile, facts.unsubscribe), html)


def make_subject(template: str, facts: MailFacts) -> str:
    """The subject, on one line whatever the template makes: a second one would be a header. Raises
    `template_sandbox.BadTemplate`."""
    names = ", ".join(row["name"] for row in _rows(facts))
    made = template_sandbox.render(template, _variables(facts, names))
    subject = probe.clean(made, MOST_SUBJECT_CHARACTERS)
    if not subject:
        raise BadTemplate(template_words.nothing_made())
    return subject


def check_body(template: str, facts: MailFacts) -> None:
    """Raises `template_sandbox.BadTemplate` where it does not render, or does not print the
    names."""
    _, names, _ = _parts(template, facts)
    if not names:
        raise BadTemplate(template_words.names_missing())


def _parts(template: str, facts: MailFacts) -> tuple[str, str, str]:
    """The text before the list of names, a mark in its place, and the text after it. Where the
    template does not print them there is no mark, and all of it is before."""
    mark = f"[{secrets.token_hex()}]"  # no text that is inserted has it
    made = template_sandbox.render(template, _variables(facts, mark))
    before, names, after = made.partition(mark)
    return _tidy(before), names, _tidy(after.replace(mark, ""))


def _tidy(text: str) -> str:
    """Without the empty lines that blocks of a template leave."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")


def _variables(facts: MailFacts, names: str) -> dict[str, Any]:
    """What a template knows, see `words.mail_templates`: texts, numbers, and a list of mappings of
    them. `names` is what it prints for the list."""
    variables = {
        "names": Names(_rows(facts), names),
        "summary": say.subject(facts.lines, facts.counts, reminder=facts.reminder),
        "count": sum(facts.counts.values()),
        "user": facts.user,
        "site": current_app.config["PADLOCK_SITE_NAME"],
        "link": mail.link(current_app, "/"),
        "reminder": facts.reminder,
        "incident": facts.incident is not None,
        "solved": set(facts.counts) == {Kind.RECOVERED},
    }
    return variables | ({"client": facts.client} if facts.client else {})


def _rows(facts: MailFacts) -> list[dict[str, Any]]:
    zone = current_app.config["PADLOCK_TIMEZONE"]
    staff = facts.audience is Audience.STAFF
    return [
        {
            "name": probe.to_unicode(line.name),
            "client": line.client,
            "problem": channels.MESSAGE_LABELS[line.kind],
            "details": " ".join(say.entry(line, facts.at, zone, staff=staff).texts),
            "days": days_left(line.not_after, facts.at, zone),
            "link": line.link,
        }
        for line in facts.lines
    ]
