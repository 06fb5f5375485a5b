"""The parameters of lists: search, filters, sort and cursor, all known or refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from webapp.api.fields import ANY_LINE, CURSOR, Choice, Digits, Request, Text
from webapp.api.reading import BadRequest
from webapp.customers.lists import DOMAIN_SORTS, SERVICE_SORTS, ListQuery
from webapp.customers.models import DomainStatus, ServiceStatus
from webapp.customers.statuses import CLOSED
from webapp.customers.tag_models import MOST_CHARACTERS
from webapp.listing.cursor import MOST_CHARACTERS as MOST_CURSOR_CHARACTERS
from webapp.listing.page import MOST_SEARCH_CHARACTERS, PAGE_SIZES, Page
from webapp.words import api as say
from webapp.words import states, website

# What the functions below call otherwise
_NAMES = {"q": "search", "limit": "size", "cursor": "page", "state": "ssl"}


def both_ways(sorts: Collection[str]) -> list[str]:
    """The words of a sort; with a minus, the other way round."""
    return [*sorts, *(f"-{sort}" for sort in sorts)]


class PageQuery(Request):
    limit = Choice(PAGE_SIZES, help="Rows on a page.")
    cursor = Text(MOST_CURSOR_CHARACTERS, CURSOR, help="next_cursor of the page before.")


class SearchQuery(PageQuery):
    q = Text(MOST_SEARCH_CHARACTERS, ANY_LINE, help="Finds what contains this text.")
    tag = Text(MOST_CHARACTERS, ANY_LINE)


class ItemQuery(SearchQuery):
    state = Choice(states.STATE_FILTERS)
    client = Digits(help="The id of a client.")
    browsers = Choice(states.BROWSERS)


class ServiceQuery(ItemQuery):
    status = Choice([*ServiceStatus, CLOSED])
    origin = Choice([*website.ORIGINS])
    sort = Choice(both_ways(SERVICE_SORTS))


class DomainQuery(ItemQuery):
    status = Choice([*DomainStatus, CLOSED])
    sort = Choice(both_ways(DOMAIN_SORTS))


def asked(query: Mapping[str, Any]) -> dict[str, str]:
    """The parameters, by the names that the lists have."""
    return {_NAMES.get(name, name): str(value) for name, value in query.items()}


def list_query(query: Mapping[str, Any]) -> ListQuery:
    """The parameters, as the lists are asked."""
    return ListQuery(**asked(query))


def refuse_unknown(query: Mapping[str, Any], filters: Collection[str], page: Page) -> None:
    """Raises `BadRequest` where a filter or the cursor was not understood: without it, the list
    would hold what was not asked for."""
    others = ("q", "limit", "cursor", "sort")
    names = [name for name in query if name not in others and str(query[name]).strip()]
    odd = [name for name in names if _NAMES.get(name, name) not in filters]
    if odd:
        errors = [{"detail": say.filter_unknown(), "parameter": name} for name in odd]
        raise BadRequest(404, say.filter_unknown(), errors)
    if page.lost:
        wrong = {"detail": say.no_such_page(), "parameter": "cursor"}
        raise BadRequest(404, say.no_such_page(), [wrong])
