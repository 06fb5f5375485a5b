"""Made-up mails that show what a template makes, and that it renders in each case."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from flask import current_app

from webapp import mail
from webapp.alerts.messages import Kind
from webapp.notices import mail_making
from webapp.notices.mail_making import MailFacts
from webapp.notices.mail_templates import MailText
from webapp.notices.models import Audience
from webapp.notices.template_sandbox import BadTemplate
from webapp.probe import Reason
from webapp.words import mail_templates as say
from webapp.words.alert_mails import Line

_CERTIFICATES = (
    ("www.example.com", Kind.EXPIRED, Reason.EXPIRED, timedelta(hours=-7)),
    ("shop.example.com", Kind.URGENT, None, timedelta(days=3)),
    ("mail.example.com", Kind.INVALID, Reason.INCOMPLETE_CHAIN, timedelta(days=60)),
    ("blog.example.com", Kind.EXPIRING, None, timedelta(days=20)),
)
_INCIDENT = tuple(
    (f"site{number}.example.com", Kind.INVALID, Reason.INCOMPLETE_CHAIN, timedelta(days=60))
    for number in range(1, 4)
)
_SOLVED = tuple((name, Kind.RECOVERED, None, left) for name, _, _, left in _INCIDENT)
# By what it is called in `words.mail_templates`
_LINES = {
    "problems": _CERTIFICATES,
    "one": _CERTIFICATES[-1:],
    "reminder": _CERTIFICATES[:2],
    "incident": _INCIDENT,
    "solved": _SOLVED,
}


def sample(audience: Audience, name: str, now: datetime) -> MailFacts:
    staff = audience is Audience.STAFF
    client = say.sample_client()
    page = mail.link(current_app, "/admin/services/1" if staff else "/services/1")
    lines = [
        Line(kind, host, client if staff else "", reason or "", now + left, page)
        for host, kind, reason, left in _LINES[name]
    ]
    return MailFacts(
        audience=audience,
        user=say.sample_staff() if staff else say.sample_user(),
        client="" if staff else client,
        lines=lines,
        counts=Counter(line.kind for line in lines),
        at=now,
        reminder=name == "reminder",
        incident=1 if name in ("incident", "solved") else None,
        unsubscribe=mail.link(current_app, "/unsubscribe/example"),
    )


def problems(audience: Audience, text: MailText, now: datetime) -> dict[str, str]:
    """What is wrong with a text, by field: it has to render in each sample."""
    found: dict[str, str] = {}
    for name in _LINES:
        facts = sample(audience, name, now)
        for field, check in (
            ("subject", mail_making.make_subject),
            ("body", mail_making.check_body),
        ):
            try:
                check(getattr(text, field), facts)
            except BadTemplate as error:
                found.setdefault(field, str(error))
    return found
