"""clients are looked up by a key of their names; how files are read is remembered

Revision ID: 0023
Revises: 0022
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

CLIENT = sa.table(
    "client", sa.column("id", sa.Integer), sa.column("name"), sa.column("name_key", sa.String(600))
)
# As `customers.name_key` was when this was written
MARKS = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u2032`\u00b4", "'"),
        **dict.fromkeys("“”„‟″", '"'),
    }
)


def upgrade():
    op.add_column(
        "client", sa.Column("name_key", sa.String(600), nullable=False, server_default="")
    )
    connection = op.get_bind()
    set_key = (
        sa.update(CLIENT)
        .where(CLIENT.c.id == sa.bindparam("row"))
        .values(name_key=sa.bindparam("key"))
    )
    last = 0
    while rows := connection.execute(
        sa.select(CLIENT.c.id, CLIENT.c.name)
        .where(CLIENT.c.id > last)
        .order_by(CLIENT.c.id)
        .limit(1000)
    ).all():
        connection.execute(set_key, [{"row": id_, "key": _key(name)} for id_, name in rows])
        last = rows[-1].id
    op.create_index("ix_client_name_key", "client", ["name_key"])
    op.create_table(
        "import_mapping",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("headings", sa.String(64), nullable=False, unique=True),
        sa.Column("mapping", sa.JSON, nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade():
    op.drop_table("import_mapping")
    op.drop_index("ix_client_name_key", "client")
    op.drop_column("client", "name_key")


def _key(name):
    text = unicodedata.normalize("NFC", name).translate(MARKS)
    return " ".join(text.split()).casefold()
