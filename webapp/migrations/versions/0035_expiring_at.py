"""from when on a certificate expires soon, by the site's rule

A number of days that was set on the page of settings becomes that rule. Lists follow in the first
minutes: their rows are due at once.

Revision ID: 0035
Revises: 0034
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
AT_ONCE = 10_000
SETTING = "PADLOCK_EXPIRING_DAYS"
WRITTEN_FOR = "listing rows written for"
VALID = "(1, 4)"  # the ranks of what is valid

alert_rule = sa.table(
    "alert_rule", sa.column("scope"), sa.column("key"), sa.column("rule", sa.JSON)
)
job = sa.table(
    "job",
    *(sa.column(name) for name in ("kind", "key", "tries", "problem", "detail")),
    *(sa.column(name, INSTANT) for name in ("created_at", "run_at", "give_up_at")),
    *(sa.column(name, sa.JSON) for name in ("arguments", "progress")),
)
target = sa.table(
    "target",
    sa.column("id", sa.Integer),
    sa.column("not_before", INSTANT),
    sa.column("not_after", INSTANT),
    sa.column("expiring_at", INSTANT),
)


def upgrade():
    op.add_column("target", sa.Column("expiring_at", INSTANT, nullable=True))
    connection = op.get_bind()
    days = connection.execute(
        sa.text("SELECT value FROM stored_setting WHERE name = :name"), {"name": SETTING}
    ).scalar()
    rules = connection.execute(sa.select(alert_rule.c.scope)).scalars().all()
    if rules:
        _add_job(connection)
    if days is not None and "site" not in rules:
        rule = {"expiring": {"days": int(days)}}
        connection.execute(sa.insert(alert_rule).values(scope="site", key="", rule=rule))
    _forget_settings()
    highest = connection.execute(sa.select(sa.func.max(target.c.id))).scalar() or 0
    for first in range(1, highest + 1, AT_ONCE):
        _fill(connection, first, None if days is None else timedelta(days=int(days)))
    _make_due()


def downgrade():
    op.drop_column("target", "expiring_at")
    _make_due()


def _add_job(connection):
    """Has the site go through all targets: rules of before are not followed here."""
    now = datetime.now(UTC)
    moments = {"created_at": now, "run_at": now, "give_up_at": now + timedelta(days=1)}
    values = {"kind": "listing rewrite", "key": "", "arguments": {}, "progress": {}}
    values |= {"tries": 0, "problem": "", "detail": ""}
    connection.execute(sa.delete(job).where(job.c.kind == values["kind"]))
    connection.execute(sa.insert(job).values(**values, **moments))


def _fill(connection, first, within):
    some = target.c.id.between(first, first + AT_ONCE - 1)
    found = sa.select(target).where(some, target.c.not_after.is_not(None))
    moments = [
        {"row_id": row.id, "moment": _moment(row.not_before, row.not_after, within)}
        for row in connection.execute(found).all()
    ]
    if moments:
        one = sa.update(target).where(target.c.id == sa.bindparam("row_id"))
        connection.execute(one.values(expiring_at=sa.bindparam("moment")), moments)


def _moment(begins, ends, within):
    """The default: a quarter of the lifetime or 30 days before the end, whichever is less."""
    spans = [timedelta(days=30) if within is None else within]
    if begins is not None:
        lifetime = max(timedelta(), ends - begins)
        spans += [lifetime] if within is not None else [lifetime / 4]
    return ends - min(*spans, ends - datetime.min.replace(tzinfo=ends.tzinfo))


def _make_due():
    """Has the scheduler write the rows of what is valid."""
    long_ago = datetime(1970, 1, 1, tzinfo=UTC)
    due = sa.text(f"UPDATE listing_row SET rank_until = :due WHERE rank IN {VALID}")
    op.get_bind().execute(due.bindparams(sa.bindparam("due", long_ago, INSTANT)))


def _forget_settings():
    op.get_bind().execute(
        sa.text("DELETE FROM stored_setting WHERE name IN (:one, :other)"),
        {"one": SETTING, "other": WRITTEN_FOR},
    )
