"""incidents that have ended, and the timeline of each

Revision ID: 0036
Revises: 0035
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade():
    op.add_column("alert_incident", sa.Column("ended_at", INSTANT, nullable=True))
    op.create_index("ix_alert_incident_ended_at", "alert_incident", ["ended_at"])
    op.add_column("alert_name", sa.Column("incident_id", sa.Integer(), nullable=True))
    op.create_index("ix_alert_name_incident_id", "alert_name", ["incident_id"])
    op.create_table(
        "alert_incident_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("readers", sa.JSON(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["alert_incident.id"],
            name="fk_alert_incident_step_incident_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name="fk_alert_incident_step_user_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alert_incident_step"),
    )
    op.create_index("ix_alert_incident_step_incident_id", "alert_incident_step", ["incident_id"])
    op.create_index("ix_alert_incident_step_user_id", "alert_incident_step", ["user_id"])
    _take_over_open_ones()


def _take_over_open_ones():
    """Which names are in an incident, and when each was opened."""
    connection = op.get_bind()
    name = sa.table("alert_name", sa.column("name"), sa.column("incident_id"))
    incident = sa.table("alert_incident", sa.column("id"), sa.column("state", sa.JSON))
    step = sa.table(
        "alert_incident_step",
        *(sa.column(each) for each in ("incident_id", "step", "count")),
        sa.column("at", INSTANT),
        sa.column("readers", sa.JSON),
    )
    for id_, state in connection.execute(sa.select(incident)).all():
        names = state.get("names", [])
        for each in names:
            connection.execute(sa.update(name).where(name.c.name == each).values(incident_id=id_))
        opened_at = datetime.fromisoformat(state["opened_at"])
        opened = {"incident_id": id_, "step": "opened", "at": opened_at}
        connection.execute(sa.insert(step), opened | {"count": len(names), "readers": []})


def downgrade():
    op.drop_table("alert_incident_step")
    op.drop_index("ix_alert_name_incident_id", "alert_name")
    op.drop_column("alert_name", "incident_id")
    op.execute("DELETE FROM alert_incident WHERE ended_at IS NOT NULL")
    op.drop_index("ix_alert_incident_ended_at", "alert_incident")
    op.drop_column("alert_incident", "ended_at")
