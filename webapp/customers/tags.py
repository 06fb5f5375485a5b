"""Tags that the provider's people give to clients, services and domains: read, write, filter by
one. Clients never see them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Column, ColumnElement, Select, Table, delete, exists, insert, or_, select

from webapp.customers.listing_row import ListingRow, row_id
from webapp.customers.models import Client, Domain, Service
from webapp.customers.name_key import name_key
from webapp.customers.tag_models import MOST_CHARACTERS, Tag, client_tag, item_tag
from webapp.extensions import among, among_ids, db
from webapp.listing.rows import LinkedRow, Rows
from webapp.words import refusals

MOST_TAGS = 20  # of one client, service or domain
MOST_OFFERED = 200  # that a list can be filtered by
MOST_SUGGESTED = 10

Tagged = Client | Service | Domain
_OWNERS: Mapping[type[Tagged], Column[int]] = {
    Client: client_tag.c.client_id,
    Service: item_tag.c.service_id,
    Domain: item_tag.c.domain_id,
}


class BadTags(Exception):
    """A text does not list tags; the message says to a person what is wrong with which."""


def read(text: str) -> tuple[str, ...]:
    """The tags in this text, which commas separate, in the order of their keys; each once. Raises
    `BadTags`."""
    found: dict[str, str] = {}
    for part in text.split(","):
        name = " ".join(unicodedata.normalize("NFC", part).split())
        if len(name) > MOST_CHARACTERS:
            raise BadTags(refusals.tag_too_long(name[:MOST_CHARACTERS], MOST_CHARACTERS))
        if not all(_may_stand_in_a_tag(character) for character in name):
            raise BadTags(refusals.odd_tag(name))
        if name:
            found.setdefault(name_key(name), name)
    if len(found) > MOST_TAGS:
        raise BadTags(refusals.too_many_tags(len(found), MOST_TAGS))
    return tuple(found[key] for key in sorted(found))


def _may_stand_in_a_tag(character: str) -> bool:
    # In some scripts a vowel is a mark of its own
    marks = ("Mn", "Mc")
    is_letter = character.isalnum() or unicodedata.category(character) in marks
    return is_letter or character in " -_."


def names_of(tagged: Tagged) -> tuple[str, ...]:
    """The tags that this has, in the order of their keys."""
    return tuple(tag.name for tag in tagged.tags)


def facts(tagged: Tagged) -> dict[str, object]:
    """The same as the activity log tells it."""
    return {"tags": ", ".join(names_of(tagged)) or None}


def give(tagged: Tagged, names: Sequence[str]) -> None:
    """Makes these names, as `read` returns them, all the tags of what is stored already. Call it
    inside `writing()`."""
    before = names_of(tagged)
    if before == tuple(names):
        return
    tagged.tags = []
    db.session.flush()
    forget_unused()  # a tag that nothing else has takes the new spelling
    tagged.tags = named(names)
    if names_of(tagged) != before:  # else others have it, in the old spelling
        tagged.version += 1  # which links alone do not do


def named(names: Iterable[str]) -> list[Tag]:
    """The tags of these names, made where they are new. Call it inside `writing()`."""
    keys = {name_key(name): name for name in names}
    with db.session.no_autoflush:
        found = list(db.session.scalars(select(Tag).where(among(Tag.key, keys))))
    new = [Tag(name=keys[key], key=key) for key in sorted(keys.keys() - {tag.key for tag in found})]
    if new:
        db.session.add_all(new)
        db.session.flush()
    return sorted([*found, *new], key=lambda tag: tag.key)


def forget_unused() -> None:
    """Deletes the tags that nothing has. Call it inside `writing()`."""
    unused = delete(Tag).where(~_used(item_tag), ~_used(client_tag))
    db.session.execute(unused, execution_options={"synchronize_session": False})


def asked_for(text: str) -> str:
    """The tag that a filter means, as it is stored; what is none, as it was written."""
    name = " ".join(text.split())[:MOST_CHARACTERS]
    stored = select(Tag.name).where(Tag.key == name_key(name))
    return (db.session.scalar(stored) or name) if name else ""


def items_with(rows: Rows, name: str, kind: str | None = None) -> Rows:
    """Those of these listing rows that have this tag; `kind`: where all are of items of this kind,
    which is quicker to find."""
    chosen = item_tag.c.tag_id == _number(name)
    # An inequality: PostgreSQL expects an equation to be met by one row in two hundred
    odd = item_tag.c.row_id % 2
    of_kind = () if kind is None else (odd > 0 if row_id(kind, 0) else odd < 1,)
    return replace(rows, link=LinkedRow(chosen, item_tag.c.row_id, ListingRow.id, of_kind))


def clients_with(rows: Rows, name: str) -> Rows:
    """Those of these clients that have this tag."""
    chosen = client_tag.c.tag_id == _number(name)
    return replace(rows, link=LinkedRow(chosen, client_tag.c.client_id, Client.id))


def _number(name: str) -> int:
    """The id of this tag; 0 of none."""
    return db.session.scalar(select(Tag.id).where(Tag.key == name_key(name))) or 0


def offered(chosen: str = "", links: Table = item_tag) -> dict[str, str]:
    """What a list can be filtered by, see `choices`."""
    return choices(db.session.scalars(in_use(links)), chosen)


def choices(names: Iterable[str], chosen: str) -> dict[str, str]:
    """These tags and the one that is `chosen` already, by what a filter means and how it is
    called."""
    return {name: name for name in (*names, chosen) if name}


def in_use(links: Table = item_tag) -> Select[str]:
    """The first tags by name that are in use."""
    return select(Tag.name).where(_used(links)).order_by(Tag.key).limit(MOST_OFFERED)


def suggest(text: str) -> list[str]:
    """What a field for tags may hold next: its text, the last tag completed to one in use."""
    before, _, last = text.rpartition(",")
    typed = last.lstrip()
    given = {name_key(name) for name in before.split(",")}
    begins = Tag.key.startswith(name_key(typed), autoescape=True)
    used = or_(_used(item_tag), _used(client_tag))
    found = select(Tag).where(begins, used, Tag.key.not_in(given)).order_by(Tag.key)
    start = text.removesuffix(typed)
    return [start + tag.name for tag in db.session.scalars(found.limit(MOST_SUGGESTED))]


def texts_of(model: type[Tagged], ids: Iterable[int]) -> dict[int, str]:
    """The tags of these clients, services or domains, those of each as one text."""
    owner = _OWNERS[model]
    tags = owner.table.join(Tag.__table__, owner.table.c.tag_id == Tag.id)
    found = select(owner, Tag.name).select_from(tags).where(among_ids(owner, ids)).order_by(Tag.key)
    names: dict[int, list[str]] = {}
    for id_, name in db.session.connection().execute(found):
        names.setdefault(id_, []).append(name)
    return {id_: ", ".join(theirs) for id_, theirs in names.items()}


def replace_all(model: type[Tagged], texts: Mapping[int, str]) -> None:
    """Makes what these texts list all the tags of the clients, services or domains of these ids.
    Call it inside `writing()`."""
    owner = _OWNERS[model]
    db.session.execute(delete(owner.table).where(owner.in_(texts)))
    wanted = {id_: read(text) for id_, text in texts.items()}
    ids = {tag.key: tag.id for tag in named({name for names in wanted.values() for name in names})}
    links = [
        {"tag_id": ids[name_key(name)], owner.name: id_}
        for id_, names in wanted.items()
        for name in names
    ]
    if links:
        db.session.execute(insert(owner.table), links)


def _used(links: Table) -> ColumnElement[bool]:
    return exists().where(links.c.tag_id == Tag.id)
