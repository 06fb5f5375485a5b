"""Rules of warnings, and what the page of an item says of its warnings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

from webapp.words.renewers import WHO_RENEWS
from webapp.words.times import day_text, local
from webapp.words.translation import Table, gettext, ngettext

SCOPES: Mapping[str, str] = Table(
    {
        "products": lambda: gettext("Product"),
        "clients": lambda: gettext("Client"),
        "issuers": lambda: gettext("Issuer"),
        "names": lambda: gettext("Host name"),
    }
)
# What the users of clients are written to about
CLIENTS: Mapping[str, str] = Table(
    {
        "off": lambda: gettext("Nothing"),
        "urgent": lambda: gettext("Certificates that expire very soon or have expired"),
        "all": lambda: gettext("Everything about their own names"),
    }
)
_WHOSE: Mapping[str, str] = Table(
    {
        "site": lambda: gettext("The site’s rule applies."),
        "products": lambda: gettext("The product’s rule applies."),
        "clients": lambda: gettext("The client’s rule applies."),
        "issuers": lambda: gettext("The issuer’s rule applies."),
        "names": lambda: gettext("The rule for this host name applies."),
    }
)
_DONE: Mapping[str, str] = Table(
    {
        "mute": lambda: gettext("Warnings about this name are muted."),
        "unmute": lambda: gettext("Warnings about this name are on again."),
        "acknowledge": lambda: gettext("Acknowledged. You’ll be warned again if it gets worse."),
    }
)
_MISTAKES: Mapping[str, str] = Table(
    {
        "no_share": lambda: gettext(
            "Enter a share above 0 and up to 100. At 0 % no warning would ever be sent."
        ),
        "no_days": lambda: gettext(
            "Enter a number above 0 and up to 3650. At 0 days no warning would ever be sent."
        ),
        "no_time": lambda: gettext("Enter a time from 00:00 to 23:59, such as 08:00."),
        "no_minutes": lambda: gettext("Enter a number from 0 to 1440."),
        "no_choice": lambda: gettext("Choose a value from the list."),
    }
)


def mistake_text(mistake: str) -> str:
    """What is wrong with a field of a rule."""
    return _MISTAKES[mistake]


def urgent_first() -> str:
    """Both thresholds are set, and the second comes first."""
    return gettext("Enter less than for the first warning, which would never be sent otherwise.")


def as_wider_rule() -> str:
    return gettext("Same as the broader rule")


def the_site() -> str:
    return gettext("The site")


def no_such_product() -> str:
    return gettext("No service has this product.")


def no_such_issuer() -> str:
    return gettext("No certificate is from this issuer.")


def no_such_name() -> str:
    return gettext("No active service or domain has this host name.")


def rule_saved() -> str:
    return gettext("The rule was saved. It applies to all names within an hour.")


def rule_removed() -> str:
    return gettext("The rule was removed.")


def rule_facts(rule: Mapping[str, Any]) -> dict[str, str]:
    """What a rule sets, by the fact's name in the activity log."""
    facts = {
        name: threshold_text(rule[key])
        for name, key in (("first warning", "expiring"), ("urgent warning", "urgent"))
        if key in rule
    }
    if "unknown_days" in rule:
        facts["no answer"] = _days_text(rule["unknown_days"])
    if "digest_at" in rule:
        facts["daily digest"] = gettext("{time} UTC", time=rule["digest_at"])
    if "gather_minutes" in rule:
        facts["incidents collect"] = _minutes_text(rule["gather_minutes"])
    if "clients" in rule:
        facts["mails to clients"] = CLIENTS[rule["clients"]]
    if "who_renews" in rule:
        facts["who renews"] = WHO_RENEWS[rule["who_renews"]]
    return facts


def threshold_text(threshold: Mapping[str, float]) -> str:
    """ "25 % of the lifetime, at most 30 days" """
    share = threshold.get("share")
    days = threshold.get("days")
    if days is None:
        return gettext("{percent} % of the lifetime", percent=_number(100 * (share or 0)))
    if share is None:
        return _days_text(days)
    return gettext(
        "{percent} % of the lifetime, at most {days}",
        percent=_number(100 * share),
        days=_days_text(days),
    )


def _days_text(days: float) -> str:
    return ngettext("{number} day", "{number} days", _count(days), number=_number(days))


def _minutes_text(minutes: float) -> str:
    number = _number(minutes)
    return ngettext("{number} minute", "{number} minutes", _count(minutes), number=number)


def _count(number: float) -> int:
    # Plural forms go by whole numbers: 22.5 days are some
    return int(number) if number == int(number) else int(number) + 2


def _number(number: float) -> str:
    return f"{number:.4g}"


# --- rehearsals ---


def rehearsed_text(before: int, after: int, days: int) -> str:
    """How many messages a rule would have led to."""
    return gettext(
        "With this rule, staff would have received {after} in the last {days} days; with the"
        " current rules, {before}.",
        after=ngettext("{count:,} message", "{count:,} messages", after),
        before=f"{before:,}",
        days=days,
    )


def rehearsed_names(names: int, all_names: int) -> str:
    """What that is based on."""
    if names < all_names:
        return gettext(
            "Calculated from the history of {names:,} of {all_names:,} names.",
            names=names,
            all_names=all_names,
        )
    return ngettext(
        "Calculated from the history of {count:,} name.",
        "Calculated from the history of {count:,} names.",
        names,
    )


def rehearsed_since(begins_at: datetime, zone: tzinfo) -> str:
    """How far back that history goes, where it is short."""
    return gettext("That history begins on {day}.", day=day_text(local(begins_at, zone).date()))


# --- an item ---


def span_before(span: timedelta) -> str:
    """ "22 days", "40 hours": about how long before the end of a certificate."""
    days = span // timedelta(days=1)
    if days >= 2:
        return _days_text(days)
    hours = round(span / timedelta(hours=1))
    return ngettext("{count} hour", "{count} hours", hours)


def warns_from(at: datetime, span: timedelta, scope: str, zone: tzinfo) -> str:
    """When the first warning comes."""
    return gettext(
        "Warns from {day}, {span} before the certificate expires. {whose}",
        day=_day(at, zone),
        span=span_before(span),
        whose=_WHOSE[scope],
    )


def warns_after_rhythm(at: datetime, span: timedelta, zone: tzinfo) -> str:
    """The same where renewals are regular."""
    return gettext(
        "Renewals are regular, so it warns from {day}, {span} before the certificate expires.",
        day=_day(at, zone),
        span=span_before(span),
    )


def warns_if_late(at: datetime, zone: tzinfo) -> str:
    return gettext("Warns from {day} if it is not renewed at its usual time.", day=_day(at, zone))


def is_late() -> str:
    return gettext("It was not renewed at its usual time.")


def warned_since(at: datetime, span: timedelta, scope: str, zone: tzinfo) -> str:
    return gettext(
        "Expires soon: the first warning was due on {day}, {span} before the certificate expires."
        " {whose}",
        day=_day(at, zone),
        span=span_before(span),
        whose=_WHOSE[scope],
    )


def urgent_from(at: datetime, span: timedelta, scope: str, zone: tzinfo) -> str:
    return gettext(
        "Warns again from {day}, {span} before the certificate expires. {whose}",
        day=_day(at, zone),
        span=span_before(span),
        whose=_WHOSE[scope],
    )


def reminds() -> str:
    return gettext(
        "Reminders are sent daily for a week, then weekly, until it is renewed or acknowledged."
    )


def tells_its_end() -> str:
    return gettext("You’ll get a message when it is valid again.")


def no_certificate() -> str:
    return gettext("No certificate is known, so it can’t warn before one expires.")


def muted_text(until: datetime | None, who: str, zone: tzinfo) -> str:
    """That nothing is told, until when, and who wanted it."""
    if until is None:
        told = gettext("Muted until you unmute it.")
    else:
        told = gettext("Muted until {day}.", day=_day(until, zone))
    return gettext("{muted} By {who}.", muted=told, who=who) if who else told


def acknowledged_text(at: datetime, who: str, zone: tzinfo) -> str:
    if not who:
        return gettext("Acknowledged on {day}.", day=_day(at, zone))
    return gettext("Acknowledged by {who} on {day}.", who=who, day=_day(at, zone))


def done(what: str) -> str:
    """What a person did about a name."""
    return _DONE[what]


def not_in_the_future() -> str:
    return gettext("Enter a day in the future, or leave it empty.")


def _day(at: datetime, zone: tzinfo) -> str:
    return day_text(local(at, zone))
