"""What `flask alerts` says: wrong lines and rules, and messages in one line each."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.words.translation import Table, gettext, ngettext

_CHANGES: Mapping[str, str] = Table(
    {
        "expiring": lambda: gettext("expires soon"),
        "urgent": lambda: gettext("expires very soon"),
        "expired": lambda: gettext("has expired"),
        "late": lambda: gettext("was not renewed as usual"),
        "invalid": lambda: gettext("became invalid"),
        "unknown": lambda: gettext("has not answered for days"),
        "recovered": lambda: gettext("is valid again"),
        "changed": lambda: gettext("has a different certificate"),
    }
)
_LINES: Mapping[str, str] = Table(
    {
        "no_json": lambda: gettext("It is not JSON."),
        "no_object": lambda: gettext("It is not a JSON object."),
        "no_fact": lambda: gettext(
            "It needs one of these keys: state, monitor, mute_until, acknowledge or item."
        ),
    }
)
_LINE_KEYS: Mapping[str, str] = Table(
    {
        "no_instant": lambda: gettext('must be a timestamp such as "2026-03-01T08:00:00Z".'),
        "no_text": lambda: gettext("must be text, and must not be empty if it is required."),
        "no_texts": lambda: gettext("must be a list of strings."),
        "no_order": lambda: gettext("is earlier than on the line before. Sort the lines by it."),
    }
)
_CHOICES: Mapping[str, str] = Table(
    {
        "state": lambda: gettext("must be valid, invalid, unknown or inactive."),
        "monitor": lambda: gettext("must be offline or online."),
        "acknowledge": lambda: gettext("must be true."),
        "item": lambda: gettext("must be inactive or active."),
    }
)
_RULES: Mapping[str, str] = Table(
    {
        "no_object": lambda: gettext("must be a JSON object."),
        "unknown_key": lambda: gettext("is not a known key."),
        "no_share": lambda: gettext("must be a number above 0 and at most 1."),
        "no_days": lambda: gettext("must be a number of days above 0 and at most 3650."),
        "no_minutes": lambda: gettext("must be a number of minutes from 0 to 1440."),
        "no_time": lambda: gettext('must be a time of day such as "08:00".'),
        "no_choice": lambda: gettext('must be "off", "urgent" or "all".'),
    }
)


def bad_line(number: int, wrong: str, key: str) -> str:
    """What is wrong with a line of facts."""
    if not key:
        return gettext("FACTS, line {number}: {problem}", number=number, problem=_LINES[wrong])
    problem = _CHOICES[key] if wrong == "no_choice" else _LINE_KEYS[wrong]
    return gettext(
        'FACTS, line {number}: "{key}" {problem}', number=number, key=key, problem=problem
    )


def bad_rule(path: str, mistake: str) -> str:
    """What is wrong with a rule."""
    return gettext(
        "RULES: {path} {problem}", path=path or gettext("the file"), problem=_RULES[mistake]
    )


def rules_no_json() -> str:
    return gettext("RULES: the file is not JSON.")


def bad_until() -> str:
    return gettext('must be a timestamp such as "2026-03-01T08:00:00Z".')


def event_text(kind: str, name: str, client: str | None, reason: str | None) -> str:
    """ "www.example.com became invalid (refused), Bakery" """
    parts = [f"{name} {_CHANGES[kind]}", f" ({reason})" if reason else ""]
    return "".join([*parts, f", {client}" if client else ""])


def message_text(to: str, events: list[str], *, reminder: bool) -> str:
    """ "staff: a.example expires soon, Bakery; b.example expired" """
    told = "; ".join(events)
    if reminder:
        return gettext("{to}, reminder: {events}", to=to, events=told)
    return gettext("{to}: {events}", to=to, events=told)


def message_count(count: int) -> str:
    return ngettext("{count:,} message", "{count:,} messages", count)
