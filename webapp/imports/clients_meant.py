"""Which client a row of an import means.

Clients are named by a text, here and in the staging: by their reference; where the file has none by
a line break, which no reference holds, and the key of their name; by their id behind two line
breaks, which no key begins with, where a person has chosen one that has no reference; and those of
a billing system by its number between two line breaks, and their id there.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from sqlalchemy import select

from webapp.customers import clients
from webapp.customers.models import Client
from webapp.customers.name_key import name_key
from webapp.extensions import among, db
from webapp.imports.table_errors import NotATable
from webapp.words import refusals

_CHOSEN = "\n\n"
_OF_SOURCE = re.compile(r"\n(\d+)\n(.+)", re.DOTALL)


def by_name(name: str) -> str:
    """The text for the client of this name."""
    return f"\n{name_key(name)}"


def of_source(source_id: int, key: str) -> str:
    """The text for the client that has this id in a billing system."""
    return f"\n{source_id}\n{key}"


def source_key(text: str) -> str:
    """The id in its billing system of the client with this text."""
    found = _OF_SOURCE.fullmatch(text)
    if found is None:
        raise ValueError("no client of a billing system")
    return found[2]


def is_name(text: str) -> bool:
    """Whether a client is meant by its name, or was chosen."""
    return not is_reference(text) and not _OF_SOURCE.fullmatch(text)


def is_reference(text: str) -> bool:
    """Whether a client is meant by its reference."""
    return not text.startswith("\n")


def chosen(text: str, *, named: bool) -> tuple[str, str]:
    """The text for the client that a person has named, and the name of a new one where there is
    none like that.

    `named`: the rows of the file name their clients, so this one is named in the same way. Raises
    `NotATable` where several are meant.
    """
    try:
        client = clients.find_client(text)
    except clients.NoSuchClient as error:
        if not error.new_name:
            raise NotATable(str(error)) from None
        return by_name(text), error.new_name
    if client.reference and not named:
        return client.reference, ""
    alone = clients.client_text(client) == client.name
    return (by_name(client.name) if named and alone else f"{_CHOSEN}{client.id}"), ""


def problem_of(text: str) -> str:
    """Why this does not name one client, stored or new; empty where it does."""
    if len(text) > 200:
        return refusals.too_long(200)
    try:
        chosen(text, named=False)
    except NotATable as error:
        return str(error)
    return ""


def ids(texts: Iterable[str]) -> dict[str, int]:
    """The ids of the stored clients that these texts mean; without those that mean several."""
    asked = set(texts)
    references = [text for text in asked if is_reference(text)]
    keys = _name_keys(asked)
    chosen_ids = {
        text: int(text.removeprefix(_CHOSEN)) for text in asked if text.startswith(_CHOSEN)
    }
    found: dict[str, int] = {}
    rows = db.session.execute(
        select(Client.reference, Client.id).where(among(Client.reference, references))
    )
    found |= {str(reference): id_ for reference, id_ in rows}
    named = db.session.execute(
        select(Client.name_key, Client.id).where(among(Client.name_key, keys))
    ).all()
    times = Counter(key for key, _ in named)
    found |= {f"\n{key}": id_ for key, id_ in named if times[key] == 1}
    there = set(db.session.scalars(select(Client.id).where(Client.id.in_(chosen_ids.values()))))
    found |= {text: id_ for text, id_ in chosen_ids.items() if id_ in there}
    return found | _ids_of_sources(asked)


def _ids_of_sources(texts: Iterable[str]) -> dict[str, int]:
    asked = defaultdict[int, list[str]](list)
    for text in texts:
        if of := _OF_SOURCE.fullmatch(text):
            asked[int(of[1])].append(of[2])
    found: dict[str, int] = {}
    for source_id, keys in asked.items():
        rows = db.session.execute(
            select(Client.source_key, Client.id).where(
                Client.source_id == source_id, among(Client.source_key, keys)
            )
        )
        found |= {of_source(source_id, str(key)): id_ for key, id_ in rows}
    return found


def names(texts: Iterable[str]) -> dict[str, str]:
    """The names of the stored clients that these texts mean, as they are stored."""
    found = ids(texts)
    rows = db.session.execute(select(Client.id, Client.name).where(Client.id.in_(found.values())))
    stored = {row.id: row.name for row in rows}
    return {text: stored[id_] for text, id_ in found.items() if id_ in stored}


def with_several(texts: Iterable[str]) -> set[str]:
    """Those of these texts that are the name of more than one client."""
    named = among(Client.name_key, _name_keys(texts))
    rows = db.session.scalars(select(Client.name_key).where(named))
    return {f"\n{key}" for key, count in Counter(rows).items() if count > 1}


def _name_keys(texts: Iterable[str]) -> list[str]:
    """The keys of names among these texts."""
    named = (text for text in texts if is_name(text) and not text.startswith(_CHOSEN))
    return [text.removeprefix("\n") for text in named]
