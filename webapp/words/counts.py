"""How many there are of what lists, clients and imports hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from webapp.words.translation import gettext, ngettext

_COUNTED: Mapping[str, Callable[[int], str]] = MappingProxyType(
    {
        "client": lambda count: ngettext("{count:,} client", "{count:,} clients", count),
        "service": lambda count: ngettext("{count:,} service", "{count:,} services", count),
        "domain": lambda count: ngettext("{count:,} domain", "{count:,} domains", count),
        "user": lambda count: ngettext("{count:,} user", "{count:,} users", count),
        "item": lambda count: ngettext("{count:,} item", "{count:,} items", count),
        "line": lambda count: ngettext("{count:,} line", "{count:,} lines", count),
        "event": lambda count: ngettext("{count:,} event", "{count:,} events", count),
        "problem": lambda count: ngettext("{count:,} problem", "{count:,} problems", count),
        "warning": lambda count: ngettext("{count:,} warning", "{count:,} warnings", count),
        "check": lambda count: ngettext("{count:,} check", "{count:,} checks", count),
        "host name": lambda count: ngettext("{count:,} host name", "{count:,} host names", count),
        "incident": lambda count: ngettext("{count:,} incident", "{count:,} incidents", count),
    }
)
_NONE: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "service": lambda: gettext("no services"),
        "domain": lambda: gettext("no domains"),
        "user": lambda: gettext("no users"),
    }
)
# By the words of `states.STATE_FILTERS`
_IN_STATE: Mapping[str, Callable[[int], str]] = MappingProxyType(
    {
        "invalid": lambda count: ngettext("{count:,} invalid", "{count:,} invalid", count),
        "expiring": lambda count: ngettext(
            "{count:,} expires soon", "{count:,} expire soon", count
        ),
        "unknown": lambda count: ngettext("{count:,} unknown", "{count:,} unknown", count),
        "never-asked": lambda count: ngettext(
            "{count:,} not checked yet", "{count:,} not checked yet", count
        ),
        "valid": lambda count: ngettext("{count:,} valid", "{count:,} valid", count),
        "inactive": lambda count: ngettext("{count:,} inactive", "{count:,} inactive", count),
    }
)
_HEADINGS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "client": lambda: gettext("Clients"),
        "service": lambda: gettext("Services"),
        "domain": lambda: gettext("Domains"),
        "user": lambda: gettext("Users"),
    }
)
_SEARCHES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "client": lambda: gettext("Search clients"),
        "service": lambda: gettext("Search services"),
        "domain": lambda: gettext("Search domains"),
        "user": lambda: gettext("Search users"),
        "item": lambda: gettext("Search items"),
        "line": lambda: gettext("Search lines"),
        "event": lambda: gettext("Search events"),
    }
)


def counted(kind: str, count: int) -> str:
    """ "1 service", "2,000 domains", "0 users"."""
    return _COUNTED[kind](count)


def found_text(kind: str, count: int, *, exact: bool) -> str:
    """ "951 services", "more than 5,000 services": what a list has."""
    items = counted(kind, count)
    return items if exact else gettext("more than {items}", items=items)


def range_text(first: int, rows: int, total: int, *, exact: bool) -> str:
    """ "26–50 of 951": which rows of a list are shown.

    `first` is the place of the first of them; 0: unknown.
    """
    whole = f"{total:,}" if exact else gettext("more than {number:,}", number=total)
    if not first:
        return gettext("{rows:,} of {total}", rows=rows, total=whole)
    last = first + rows - 1
    return gettext("{first:,}–{last:,} of {total}", first=first, last=last, total=whole)


def part_text(kind: str, rows: int, total: int, *, exact: bool) -> str:
    """ "2 of 951 items": how many rows of a list there are on paper."""
    whole = found_text(kind, total, exact=exact)
    return gettext("{rows:,} of {whole}", rows=rows, whole=whole)


def too_many_to_count(number: int) -> str:
    """In place of the numbers of a list that has more rows than are counted."""
    return gettext(
        "More than {number:,} items match: too many to count. Add a filter to see the numbers.",
        number=number,
    )


def state_text(word: str, count: int) -> str:
    """ "2 invalid", "1 expires soon": how many items are in a state."""
    return _IN_STATE[word](count)


def heading(kind: str) -> str:
    """What a row about all of a kind is called."""
    return _HEADINGS[kind]()


def hits_text(kind: str, count: int) -> str:
    """ "2 in Domains": where a search has hits that has none here."""
    return gettext("{count:,} in {list}", count=count, list=heading(kind))


def weeks_heading(weeks: int) -> str:
    """The chart of what expires: what has expired already is not in it."""
    return ngettext(
        "Valid certificates expiring in the next {count} week",
        "Valid certificates expiring in the next {count} weeks",
        weeks,
    )


def all_in_text(kind: str, total: int, *, exact: bool) -> str:
    """ "All 37 in Services": the way from a few hits to the list that has them all."""
    if exact:
        return ngettext(
            "Show it in {list}", "All {total:,} in {list}", total, total=total, list=heading(kind)
        )
    return gettext("All (more than {total:,}) in {list}", total=total, list=heading(kind))


def site_search_label(staff: bool) -> str:
    """What the search of the whole site finds."""
    if staff:
        return gettext("Search services, domains, clients and users")
    return gettext("Search your services and domains")


def search_label(kind: str) -> str:
    """What the search field of a list is called."""
    return _SEARCHES[kind]()


def belongings_text(services: int, domains: int, users: int) -> str:
    """ "1 service, 2 domains and no users": what a client has."""
    counts = {"service": services, "domain": domains, "user": users}
    service, domain, user = (
        counted(kind, count) if count else _NONE[kind]() for kind, count in counts.items()
    )
    return gettext(
        "{services}, {domains} and {users}", services=service, domains=domain, users=user
    )


def items_text(services: int, domains: int) -> str:
    """ "37 services and 4 domains", "4 domains": what is selected."""
    if services and domains:
        both = counted("service", services), counted("domain", domains)
        return gettext("{services} and {domains}", services=both[0], domains=both[1])
    return counted("service", services) if services else counted("domain", domains)


def sites_stay(count: int) -> str:
    """What the deletion of items does not change."""
    return ngettext(
        "The website and its certificate are not changed.",
        "The websites and their certificates are not changed.",
        count,
    )


def terminate_instead(count: int) -> str:
    """What to do with items that should stay in the lists, but not be checked."""
    return ngettext(
        "To keep it without checks, set its status to Terminated instead.",
        "To keep them without checks, set their status to Terminated instead.",
        count,
    )


def who_sees_moved(count: int) -> str:
    """Who sees items once they are another client's."""
    return ngettext(
        "Users of this client will see it. Users of the current client will no longer see it.",
        "Users of this client will see them. Users of the current clients will no longer see them.",
        count,
    )


def cannot_move(count: int, client: str) -> str:
    """Domains that would be there twice."""
    return ngettext(
        "{count:,} domain can’t move: {client} already has the same domain.",
        "{count:,} domains can’t move: {client} already has the same domains.",
        count,
        client=client,
    )


def users_locked_out(count: int) -> str:
    """What the deletion of a client means for its users."""
    return ngettext("This user can no longer sign in.", "These users can no longer sign in.", count)


def selected_text(count: int) -> str:
    """ "3 selected": how many rows of a list are marked."""
    return ngettext("{count:,} selected", "{count:,} selected", count)


def nothing_selected() -> str:
    """The same where none is."""
    return gettext("Nothing selected")


def all_selected_text(total: int, *, exact: bool) -> str:
    """The choice of all rows that a list has, not only those of the page."""
    if exact:
        return gettext("Select all {total:,}", total=total)
    return gettext("Select all (more than {total:,})", total=total)


def import_text(counts: Mapping[str, Mapping[str, int]]) -> str:
    """ "3 clients, 120 services new; 2 domains changed; 5 unchanged": what an import does.

    `counts`: of each kind how many are "new", "changed" and the "same".
    """
    parts = []
    if new := _all_counted(counts, "new"):
        parts.append(gettext("{items} new", items=new))
    if changed := _all_counted(counts, "changed"):
        parts.append(gettext("{items} changed", items=changed))
    same = sum(of["same"] for of in counts.values())
    if same or not parts:
        parts.append(ngettext("{count:,} unchanged", "{count:,} unchanged", same))
    return "; ".join(parts)


def sync_text(counts: Mapping[str, Mapping[str, int]]) -> str:
    """ "3 clients, 120 services new; 2 domains changed; 1 service gone; 5 unchanged": what a sync
    does.

    `counts`: of each kind how many were "added", "changed", are "gone" and the "same".
    """
    parts = []
    if new := _all_counted(counts, "added"):
        parts.append(gettext("{items} new", items=new))
    if changed := _all_counted(counts, "changed"):
        parts.append(gettext("{items} changed", items=changed))
    if gone := _all_counted(counts, "gone"):
        parts.append(gettext("{items} gone", items=gone))
    same = sum(of["same"] for of in counts.values())
    if same or not parts:
        parts.append(ngettext("{count:,} unchanged", "{count:,} unchanged", same))
    return "; ".join(parts)


def _all_counted(counts: Mapping[str, Mapping[str, int]], change: str) -> str:
    return ", ".join(counted(kind, of[change]) for kind, of in counts.items() if of[change])
