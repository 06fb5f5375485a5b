"""Changes in the history of a host name, in words."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Protocol

from webapp.probe.finding import Reason
from webapp.words.certificates import no_issuer_name
from webapp.words.reasons import WORDS
from webapp.words.times import day_text, local
from webapp.words.translation import gettext


class Changed(Protocol):
    """What a host name was and what it is since then, see `monitor.models.Change`."""

    @property
    def old_reason(self) -> Reason | None: ...
    @property
    def new_reason(self) -> Reason: ...
    @property
    def old_issuer(self) -> str: ...
    @property
    def new_issuer(self) -> str: ...
    @property
    def old_fingerprint(self) -> str | None: ...
    @property
    def new_fingerprint(self) -> str | None: ...
    @property
    def old_not_after(self) -> datetime | None: ...
    @property
    def new_not_after(self) -> datetime | None: ...


def change_title(change: Changed) -> str:
    """What happened, in a few words."""
    if change.new_reason is change.old_reason:
        return gettext("New certificate")
    return WORDS[change.new_reason].title


def change_text(change: Changed, zone: tzinfo = UTC) -> str:
    """What else is worth knowing of it: how it was before, and which certificate there is now."""
    sentences = []
    if change.old_reason is None:
        sentences.append(gettext("First check."))
    elif change.old_reason is not change.new_reason:
        sentences.append(gettext("Previously: {title}.", title=WORDS[change.old_reason].title))
    if change.new_fingerprint and change.new_fingerprint != change.old_fingerprint:
        sentences.append(_certificate_text(change.new_issuer, change.new_not_after, zone))
        if change.old_fingerprint and change.old_issuer != change.new_issuer:
            issuer = change.old_issuer or no_issuer_name()
            sentences.append(gettext("The previous one was issued by {issuer}.", issuer=issuer))
    return " ".join(sentences)


def _certificate_text(issuer: str, not_after: datetime | None, zone: tzinfo) -> str:
    issuer = issuer or no_issuer_name()
    if not_after is None:
        return gettext("Certificate issued by {issuer}.", issuer=issuer)
    day = day_text(local(not_after, zone))
    return gettext("Certificate issued by {issuer}, valid until {day}.", issuer=issuer, day=day)
