"""The audit log: who did what to which item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import literal, or_, select, union_all

from webapp.customers import searches
from webapp.customers.models import Activity, Client, Domain, Service, User
from webapp.extensions import contains, db
from webapp.listing import page
from webapp.listing.order import Order
from webapp.listing.rows import Rows
from webapp.words.activity import ACTIONS, COMMAND_LINE, SUBJECTS, Detail, short, texts_in

DOUBLE_CLICK = timedelta(seconds=10)
MOST_VALUE_CHARACTERS = 255  # of a fact that has changed: only notes are longer

NEWEST_FIRST = Order((), Activity.id)
_MODELS = (Client, User, Service, Domain)


@dataclass(frozen=True)
class Log(page.Shown[Activity]):
    """One page of the activity log, newest first, and what was understood of the question."""

    search: str
    filters: Mapping[str, str]  # of "kind", "action" and "who", in the words of the address bar
    # Kind and id of the items of these rows that still exist
    there: frozenset[tuple[str, int | None]]


def note(
    who: User | None,
    action: str,
    kind: str,
    item_id: int | None,
    item: str,
    now: datetime,
    detail: Detail = Detail.NONE,
    **parameters: object,
) -> None:
    """One line in the log; `parameters` are what `detail` says it takes, of JSON's types.

    Call it inside the `writing()` of the change, so that both are stored or neither is. Without a
    user it was the command line.
    """
    db.session.add(
        Activity(
            at=now,
            who=COMMAND_LINE if who is None else who.email,
            user_id=None if who is None else who.id,
            token="" if who is None else who.token_name,
            action=action,
            kind=kind,
            item_id=item_id,
            item=short(item, 255),
            detail_code=detail,
            detail_parameters=parameters,
            detail_texts=short(", ".join(texts_in(parameters)), 500),
        )
    )


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> list[list[str | None]]:
    """The facts of an item that have changed: name, value before, value after; of a long text its
    beginning."""
    return [
        [name, _text(before[name]), _text(after[name])]
        for name in after
        if after[name] != before[name]
    ]


def just_created(who: User, kind: str, item: str, now: datetime) -> int | None:
    """The id of the item of this name that this user has created within the last seconds: a button
    pressed twice means one item, also where nothing about it has to be unique. Call it inside
    `writing()`."""
    return db.session.scalar(
        select(Activity.item_id)
        .where(
            Activity.at > now - DOUBLE_CLICK,
            Activity.user_id == who.id,
            Activity.action == "created",
        )
        .where(Activity.kind == kind, Activity.item == short(item, 255))
        .order_by(Activity.id.desc())
        .limit(1)
    )


def list_activity(asked: Mapping[str, str]) -> Log:
    """One page of the log, what was written last first.

    For the provider's own people only: who may ask is the gate's to say.

    `asked`: "q", "kind", "action", "who" (an e-mail address, or `COMMAND_LINE`), "page" and "size".
    What cannot be understood of them filters nothing.
    """
    search = asked.get("q", "").strip()[: page.MOST_SEARCH_CHARACTERS]
    filters = {
        name: asked[name]
        # What is noted in other words is listed all the same
        for name, known in (("kind", SUBJECTS), ("action", ACTIONS))
        if asked.get(name) in known
    }
    if who := asked.get("who", "").strip():
        filters["who"] = who
    rows = Rows(tuple(getattr(Activity, name) == word for name, word in filters.items()))
    if search:
        texts = (Activity.item, Activity.who, Activity.detail_texts)
        has_it = or_(*(contains(column, search) for column in texts))
        rows = replace(rows, search=searches.in_log(has_it, search))
    # Ids grow as the log does, whatever the clock was set to meanwhile.
    size = page.size_of(asked.get("size", ""))
    shown = page.fetch(rows, NEWEST_FIRST, "-id", asked.get("page", ""), size)
    chosen = select(Activity).where(Activity.id.in_(shown.ids)).order_by(Activity.id.desc())
    lines = list(db.session.scalars(chosen)) if shown.ids else []
    return Log(lines, shown, search, filters, _still_there(lines))


def _still_there(rows: Iterable[Activity]) -> frozenset[tuple[str, int | None]]:
    """Kind and id of every item that these rows are about and that exists, by one statement for all
    of them."""
    ids = {(row.kind, row.item_id) for row in rows if row.item_id is not None}
    wanted = {
        model: [item for kind, item in ids if kind == model.__tablename__] for model in _MODELS
    }
    found = (
        select(literal(model.__tablename__), model.id).where(model.id.in_(wanted[model]))
        for model in _MODELS
    )
    return frozenset((kind, item) for kind, item in db.session.execute(union_all(*found)))


def _text(value: object) -> str | None:
    return None if value is None else short(" ".join(str(value).split()), MOST_VALUE_CHARACTERS)
