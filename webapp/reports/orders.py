"""The order of the report and what its filters let through: one over services and domains
together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, String, and_, false, func, literal_column, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

from webapp.customers import state_filters
from webapp.customers.access import ids_for
from webapp.customers.lists import looked_for, searched
from webapp.customers.models import Client, Domain, Service, User
from webapp.customers.segments import Arm, Column, Segment
from webapp.customers.state_filters import Model
from webapp.monitor.models import Target
from webapp.probe import Reason
from webapp.probe.steps import Origin
from webapp.reports.questions import REASONS, WEEK, window
from webapp.words.report_filters import NEVER_ASKED

MODELS: tuple[Model, Model] = (Service, Domain)
SEARCHED: Mapping[Model, Sequence[InstrumentedAttribute[str]]] = MappingProxyType(
    {Service: (Service.domain, Service.product), Domain: (Domain.name,)}
)
EXPIRING = 1  # the place in `state_filters.by_urgency`

# What each column is sorted by: of services, and of domains.
OWN_SORTS: Mapping[str, tuple[tuple[Column, ...], tuple[Column, ...]]] = MappingProxyType(
    {
        "domain": ((func.lower(Service.domain),), (func.lower(Domain.name),)),
        "client": ((func.lower(Client.name), Client.id), (func.lower(Client.name), Client.id)),
        # As one
        "status": ((type_coerce(Service.status, String),), (type_coerce(Domain.status, String),)),
    }
)
# By what is known of the host name, and when nothing is.
HOSTNAME_SORTS: Mapping[str, tuple[Column, ColumnElement[bool]]] = MappingProxyType(
    {
        "issuer": (func.lower(Target.issuer), Target.issuer == ""),
        "expires": (Target.not_after, Target.not_after.is_(None)),
        "left": (Target.not_after, Target.not_after.is_(None)),
        "checked": (Target.checked_at, Target.checked_at.is_(None)),
        "changed": (Target.changed_at, Target.changed_at.is_(None)),
    }
)
DEFAULT_SORT = "ssl"  # what needs a person first
SORTS = ("ssl", "reason", "item", *OWN_SORTS, *HOSTNAME_SORTS)
ON_HOSTNAMES = ("issuer", "expires", "checked")  # the filters that `of_hostname` understands


def in_order(user: User, filters: Mapping[str, str], sort: str, now: datetime) -> list[Segment]:
    """Everything this user may see that the filters let through, as segments in the order of this
    sort."""
    column = sort.removeprefix("-")
    if column == "ssl":
        order = by_urgency(user, filters, now)
        return order[::-1] if sort.startswith("-") else order
    if column == "reason":
        *reasons, inactive = _by_reason(user, filters, now)
        return [*(reasons[::-1] if sort.startswith("-") else reasons), inactive]
    if column == "item":
        order = _by_item(arms(user, filters, now))
        return order[::-1] if sort.startswith("-") else order
    if column in OWN_SORTS:
        both = arms(user, filters, now)
        via = (Service.client, Domain.client) if column == "client" else (None, None)
        return [
            Segment(
                tuple(
                    replace(arm, by=by, via=way)
                    for arm, by, way in zip(both, OWN_SORTS[column], via, strict=True)
                )
            )
        ]
    return _by_hostname(user, filters, now, *HOSTNAME_SORTS[column])


def _few(user: User, filters: Mapping[str, str]) -> bool:
    """Whether only some items are looked at: then each is asked about its host name, see
    `state_filters.of_hostname`."""
    return "q" in filters or _of_one_client(user, filters)


def _ways(user: User, filters: Mapping[str, str]) -> tuple[bool, ...]:
    """How items are asked about their host names to gather them, and where it is another way to
    walk along them."""
    return (True,) if filters or _few(user, filters) else (False, True)


def _of_one_client(user: User, filters: Mapping[str, str]) -> bool:
    return "client" in filters or not user.sees_everything


def arms(user: User, filters: Mapping[str, str], now: datetime) -> tuple[Arm, ...]:
    """The services and the domains that this user may see and the filters let through."""
    found = []
    for model in MODELS:
        kind: Any = literal_column(f"'{model.kind}'").label("kind")
        ids = ids_for(model, user).with_only_columns(model.id.label("id"), kind)
        look = looked_for if _of_one_client(user, filters) else searched
        match = look(model, filters.get("q", ""), SEARCHED[model], user)
        rows, walk = (
            ids.where(
                *match(searching_each),
                *_conditions(model, filters, now, each=each),
            )
            for each, searching_each in (
                (_few(user, filters), _of_one_client(user, filters)),
                (True, True),
            )
        )
        found.append(Arm(rows, walk))
    return tuple(found)


def _conditions(
    model: Model, filters: Mapping[str, str], now: datetime, *, each: bool
) -> Iterator[ColumnElement[bool]]:
    if "client" in filters:
        yield model.client_id == int(filters["client"])
    if "origin" in filters:
        yield leads(model, filters["origin"])
    if "ssl" in filters:
        yield state_filters.matches_filter(model, filters["ssl"], now, each=each)
    if "browsers" in filters:
        yield state_filters.browsers_refuse(model, now, each=each)
    if filters.get("reason") == NEVER_ASKED:
        yield state_filters.never_asked(model, each=each)
    elif "reason" in filters:
        yield state_filters.has_reason(model, Reason(filters["reason"]), now, each=each)
    if conditions := list(of_hostname(filters, now)):
        yield state_filters.of_hostname(model, and_(*conditions), each=each)


def leads(model: Model, origin: str) -> ColumnElement[bool]:
    """Where the item leads, seen from its server: of a domain no server is told."""
    return Service.origin == Origin(origin) if model is Service else false()


def of_hostname(filters: Mapping[str, str], now: datetime) -> Iterator[ColumnElement[bool]]:
    if "issuer" in filters:
        yield Target.issuer == filters["issuer"]
    if "expires" in filters:
        start, end = window(filters["expires"], now)
        yield Target.not_after < end
        if start is not None:
            yield Target.not_after >= start
    if filters.get("checked") == "never":
        yield Target.checked_at.is_(None)
    elif "checked" in filters:
        yield Target.checked_at < now - WEEK / 7 * int(filters["checked"])


def _segment(arms: Iterable[Arm], conditions: Iterable[Sequence[ColumnElement[bool]]]) -> Segment:
    return Segment(
        tuple(arm.where(*condition) for arm, condition in zip(arms, conditions, strict=True))
    )


def by_urgency(user: User, filters: Mapping[str, str], now: datetime) -> list[Segment]:
    """What needs a person first.

    What expires is in the order in which it does; a filter by state leaves the groups it holds.
    """
    ssl = filters.get("ssl")
    filters = without(filters, "ssl")
    both = arms(user, filters, now)
    ways = _ways(user, filters)
    groups = [
        zip(*(state_filters.by_urgency(model, now, each=each) for each in ways), strict=True)
        for model in MODELS
    ]
    order = [_segment(both, conditions) for conditions in zip(*groups, strict=True)]
    soonest = (
        # Who walks along the host names has each at hand.
        replace(
            arm,
            walk=one.walk.where(~state_filters.inactive(model), state_filters.expires_soon(now)),
            by=(Target.not_after, Target.id),
            via=model.target,
        )
        for arm, one, model in zip(order[EXPIRING].arms, both, MODELS, strict=True)
    )
    order[EXPIRING] = Segment(tuple(soonest), straight=not filters and not _few(user, filters))
    return [order[place] for place in state_filters.PLACES[ssl]] if ssl else order


def without(filters: Mapping[str, str], *names: str) -> dict[str, str]:
    """All filters but these."""
    return {name: word for name, word in filters.items() if name not in names}


def _by_reason(user: User, filters: Mapping[str, str], now: datetime) -> list[Segment]:
    """The most severe first; what is not active has no reason, and comes last."""
    both = arms(user, filters, now)
    ways = _ways(user, filters)
    order = []
    for word in REASONS:
        conditions = [
            [
                state_filters.never_asked(model, each=each)
                if word == NEVER_ASKED
                else state_filters.has_reason(model, Reason(word), now, each=each)
                for each in ways
            ]
            for model in MODELS
        ]
        order.append(_segment(both, conditions))
    return [*order, _segment(both, [[state_filters.inactive(model)] for model in MODELS])]


def _by_item(both: tuple[Arm, ...]) -> list[Segment]:
    """By product, of which "domain" is what all domains have: no one walks along those to what lies
    behind them."""
    services, domains = both
    product = func.lower(Service.product)
    before, after = (
        Segment((replace(services.where(part), by=(product,)),))
        for part in (product < "domain", product > "domain")
    )
    return [before, Segment((services.where(product == "domain"), domains)), after]


def _by_hostname(
    user: User,
    filters: Mapping[str, str],
    now: datetime,
    column: Column,
    empty: ColumnElement[bool],
) -> list[Segment]:
    """What is known first, in the order of the host names' own index; then all of which nothing is
    known."""
    filled = []
    rest = []
    each = _ways(user, filters)[0]
    both = arms(user, filters, now)
    others = without(filters, *ON_HOSTNAMES)
    plain = both if others == filters else arms(user, others, now)
    for arm, other, model in zip(both, plain, MODELS, strict=True):
        known = arm.where(state_filters.of_hostname(model, ~empty, each=each))
        # Who walks has each host name at hand.
        walk = other.walk.where(*of_hostname(filters, now), ~empty)
        filled.append(replace(known, walk=walk, by=(column, Target.id), via=model.target))
        nothing = (state_filters.no_name_or(model, empty, each=way) for way in (each, True))
        rest.append(arm.where(*nothing))
    return [Segment(tuple(filled), rest_of=both), Segment(tuple(rest))]
