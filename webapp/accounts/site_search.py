"""One search for a name, over all that a user may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from webapp.accounts import users
from webapp.customers import access, client_list, lists
from webapp.customers.listing_row import MODELS, ListingRow
from webapp.customers.lists import ListQuery
from webapp.customers.models import User
from webapp.extensions import db
from webapp.listing import page
from webapp.listing.page import Page

MOST_SHOWN = 5  # rows of a kind


@dataclass(frozen=True)
class Group:
    """The first hits of one kind, and the page of the list that they are on."""

    kind: str  # "service", "domain", "client" or "user"
    rows: list[Any]
    page: Page


def search(user: User, text: str) -> list[Group]:
    """What this user may see that has this text in it, by kind; kinds without a hit are left out.

    Users of a client find services and domains, the provider's people clients and users as well.
    """
    question = ListQuery(search=text)
    if not text.strip():
        return []
    groups = [_items(user, model.kind, question) for model in MODELS]
    if user.sees_everything:
        # Who types the name of a client means the client, of whose items there may be many
        groups = [_clients(question), *groups, _users(text)]
    return [group for group in groups if group.rows]


def _items(user: User, kind: str, question: ListQuery) -> Group:
    asked = lists.understood(kind, user, question)
    shown = page.fetch(asked.rows, asked.order, asked.sort, size=MOST_SHOWN)
    # Who searches for a whole name means that one, and not the first that has it within
    same = (ListingRow.kind == kind, ListingRow.name == func.lower(asked.search))
    found = select(ListingRow.id).where(*access.rows_for(user), *same).limit(MOST_SHOWN)
    ids = dict.fromkeys((*db.session.scalars(found), *shown.ids))
    return Group(kind, access.items_of_rows(user, [*ids][:MOST_SHOWN]), shown)


def _clients(question: ListQuery) -> Group:
    asked = client_list.understood(question)
    shown = page.fetch(asked.rows, asked.order, asked.sort, size=MOST_SHOWN)
    return Group("client", client_list.rows_of(shown.ids), shown)


def _users(text: str) -> Group:
    listing = users.list_users(text, role="", sort="", page="")
    return Group("user", listing.rows[:MOST_SHOWN], listing.page)
