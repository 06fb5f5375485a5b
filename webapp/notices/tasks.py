"""What staff do about the rows of Today: assign them, snooze them, write a note.

It ends when the problem is solved. A row is named by its id with the version that was shown: what a
colleague has changed meanwhile is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select

from webapp.customers import audit_log
from webapp.customers.concurrency import still_staff
from webapp.customers.models import Role, User
from webapp.customers.padlocks import MOST_AT_ONCE
from webapp.errors import Refused
from webapp.extensions import db, writing
from webapp.notices.models import AlertName
from webapp.notices.name_rows import NameRow, name_rows
from webapp.parsing import whole
from webapp.words import tasks as say
from webapp.words.activity import Detail

Chosen = Mapping[int, int]  # the version that was shown of each row, by its id
_IS_STAFF = (User.active, User.role.in_((Role.ADMIN, Role.STAFF)))


class Done(NamedTuple):
    """How many rows were changed, and those that a colleague has changed meanwhile."""

    changed: int
    left: Sequence[int]


def read_chosen(texts: Iterable[str]) -> Chosen:
    """The rows that these texts name, "12.3": the id and the version."""
    parts = [text.partition(".") for text in list(texts)[:MOST_AT_ONCE]]
    return {id_: whole(version) or 0 for name, _, version in parts if (id_ := whole(name))}


def rows_of(user: User, chosen: Iterable[int]) -> list[NameRow]:
    """These rows, as far as they still need a person."""
    found = name_rows(user, list(chosen))
    return [row for row in found if row.name.need is not None and row.items]


def colleagues() -> list[User]:
    """Those whom rows can be assigned to."""
    return list(db.session.scalars(select(User).where(*_IS_STAFF).order_by(func.lower(User.name))))


def is_awake(now: datetime) -> ColumnElement[bool]:
    """Condition: a row is not snoozed, or has become worse since."""
    return or_(
        AlertName.snoozed_until.is_(None),
        AlertName.snoozed_until <= now,
        AlertName.need < AlertName.snoozed_need,
    )


def is_unassigned() -> ColumnElement[bool]:
    """Condition: a row is assigned to no one who can still sign in."""
    assigned = AlertName.assigned_id
    return or_(assigned.is_(None), assigned.not_in(select(User.id).where(*_IS_STAFF)))


def assign(who: User, chosen: Chosen, user_id: int | None, now: datetime) -> Done:
    """Assigns these rows to a colleague, or with None to no one. Raises `errors.Refused` where they
    cannot sign in any more."""

    def give(row: NameRow) -> None:
        if row.name.assigned_id == user_id:
            return
        row.name.assigned_id = user_id
        if user is None:
            audit_log.note(who, "unassigned", *_item(row), now)
        else:
            audit_log.note(who, "assigned", *_item(row), now, Detail.TO_USER, name=user.name)

    with writing():
        user = _colleague(user_id)
        return _each(who, chosen, give)


def snooze(
    who: User, chosen: Chosen, until: datetime | None, now: datetime, zone: tzinfo | None = None
) -> Done:
    """Hides these rows until then, a moment in this zone, or with None shows them again."""

    def give(row: NameRow) -> None:
        if row.name.snoozed_until == until:
            return
        row.name.snoozed_until = until
        row.name.snoozed_need = row.name.need if until else None
        if until is None:
            audit_log.note(who, "ended snooze", *_item(row), now)
        else:
            day = until.astimezone(zone).date().isoformat()
            audit_log.note(who, "snoozed", *_item(row), now, Detail.UNTIL, day=day)

    with writing():
        return _each(who, chosen, give)


def write_note(who: User, chosen: Chosen, note: str, now: datetime) -> Done:
    """Gives these rows this note; an empty one deletes it."""

    def give(row: NameRow) -> None:
        changes = audit_log.changes(
            {"note on Today": row.name.note or None}, {"note on Today": note or None}
        )
        if changes:
            row.name.note = note
            audit_log.note(who, "changed", *_item(row), now, Detail.CHANGES, changes=changes)

    with writing():
        return _each(who, chosen, give)


def _each(who: User, chosen: Chosen, change: Callable[[NameRow], None]) -> Done:
    """Call it inside `writing()`."""
    still_staff(who)
    found = rows_of(who, chosen)
    same = [row for row in found if row.name.version == chosen[row.name.id]]
    for row in same:
        change(row)
        row.name.version += 1
    return Done(len(same), [row.name.id for row in found if row not in same])


def _colleague(user_id: int | None) -> User | None:
    if user_id is None:
        return None
    user = db.session.scalar(select(User).where(User.id == user_id, *_IS_STAFF))
    if user is None:
        raise Refused(say.no_such_colleague())
    return user


def _item(row: NameRow) -> tuple[str, int, str]:
    """What the activity log names."""
    item = row.items[0]
    return item.kind, item.id, item.shown_name
