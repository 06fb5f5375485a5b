"""what the readers of an incident know, in a column of its own

Revision ID: 0054
Revises: 0053
"""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

INCIDENT = sa.table(
    "alert_incident", sa.column("id"), sa.column("state", sa.JSON), sa.column("readers", sa.JSON)
)


def upgrade():
    op.add_column(
        "alert_incident", sa.Column("readers", sa.JSON(), nullable=False, server_default="{}")
    )
    for id_, state, _ in _rows():
        readers = state.pop("readers", {})
        _write(id_, state=state, readers=readers)


def downgrade():
    for id_, state, readers in _rows():
        _write(id_, state=state | ({"readers": readers} if readers else {}))
    op.drop_column("alert_incident", "readers")


def _rows():
    """One at a time: that of a large incident has megabytes."""
    for id_ in op.get_bind().scalars(sa.select(INCIDENT.c.id)).all():
        yield op.get_bind().execute(sa.select(INCIDENT).where(INCIDENT.c.id == id_)).one()


def _write(id_, **values):
    op.execute(sa.update(INCIDENT).where(INCIDENT.c.id == id_).values(values))
