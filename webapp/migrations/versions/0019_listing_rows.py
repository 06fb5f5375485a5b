"""a row for each item that lists sort and filter by

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ROW = ["id", "client_id", "status"]
INDEXES = {
    "name": ["kind", "name", *ROW],
    "product": ["kind", "product", *ROW],
    "client_name": ["kind", "client_name", "client_id", "id"],
    "status": ["kind", "status", "id", "client_id"],
    "due_on": ["kind", "due_on", *ROW],
    "registered_on": ["kind", "registered_on", *ROW],
    "rank": ["kind", "rank", *ROW],
    "soonest": ["kind", "rank", "soonest", *ROW],
    "reason": ["kind", "reason", *ROW],
    "issuer": ["kind", "issuer", *ROW],
    "not_after": ["kind", "not_after", *ROW],
    "checked_at": ["kind", "checked_at", *ROW],
    "changed_at": ["kind", "changed_at", *ROW],
    "client": ["client_id", "kind", "rank"],
    "status_rank": ["kind", "status", "rank"],
    "rank_until": ["rank_until"],
}
# The reasons as they were when this was written, the most severe first
REASONS = [
    "revoked",
    "expired",
    "chain_expired",
    "wrong_hostname",
    "self_signed",
    "untrusted_issuer",
    "incomplete_chain",
    "chain_invalid",
    "wrong_purpose",
    "weak_crypto",
    "not_yet_valid",
    "handshake_failed",
    "no_tls",
    "refused",
    "unreachable",
    "timeout",
    "dns_not_found",
    "dns_failed",
    "not_checkable",
    "blocked",
    "monitor_error",
    "never-asked",
    "ok",
]
UNKNOWN = (
    "('dns_not_found', 'dns_failed', 'timeout', 'unreachable', 'blocked', 'not_checkable',"
    " 'monitor_error')"
)
INACTIVE = {
    "service": "('Terminated', 'Cancelled', 'Fraud')",
    "domain": (
        "('Redemption Period', 'Expired', 'Transferred Away', 'Cancelled', 'Fraud', 'Terminated')"
    ),
}

NO_ID = "CAST(NULL AS integer)"
NO_DAY = "CAST(NULL AS date)"


def upgrade():
    op.create_table(
        "listing_row",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=True),
        sa.Column("domain_id", sa.Integer(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("client_name", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("product", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("origin", sa.String(length=32), nullable=True),
        sa.Column("target_id", sa.Integer(), nullable=True),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("rank_until", INSTANT, nullable=True),
        sa.Column("soonest", INSTANT, nullable=False),
        sa.Column("reason", sa.SmallInteger(), nullable=True),
        sa.Column("browsers_refuse", sa.Boolean(), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=True),
        sa.Column("not_after", INSTANT, nullable=True),
        sa.Column("checked_at", INSTANT, nullable=True),
        sa.Column("changed_at", INSTANT, nullable=True),
        sa.Column("text", sa.String(length=800), nullable=False),
        sa.Column("client_text", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name="fk_listing_row_service_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["domain_id"], ["domain.id"], name="fk_listing_row_domain_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_listing_row"),
        sa.UniqueConstraint("service_id", name="uq_listing_row_service_id"),
        sa.UniqueConstraint("domain_id", name="uq_listing_row_domain_id"),
    )
    _fill(
        "service",
        "domain",
        "lower(i.product)",
        "i.next_due_on",
        NO_DAY,
        "i.origin",
        ("i.product", "i.reference"),
    )
    _fill(
        "domain",
        "name",
        "'domain'",
        "i.expires_on",
        "i.registered_on",
        "CAST(NULL AS varchar(32))",
        (),
    )
    # Filled first: that is quicker than to keep them while it is filled
    for name, columns in INDEXES.items():
        op.create_index(f"ix_listing_row_{name}", "listing_row", columns)
    _partial("origin", "origin", sa.text("origin IS NOT NULL"))
    refuse = sa.text("browsers_refuse IS 1" if _sqlite() else "browsers_refuse IS true")
    _partial("browsers_refuse", "id", refuse)
    op.execute("ANALYZE")


def downgrade():
    op.drop_table("listing_row")


def _sqlite():
    return op.get_bind().dialect.name == "sqlite"


def _partial(name, column, where):
    op.create_index(
        f"ix_listing_row_{name}",
        "listing_row",
        [column],
        sqlite_where=where,
        postgresql_where=where,
    )


def _fill(kind, entered, product, due_on, registered_on, origin, texts):
    """As webapp/customers/index.py wrote the rows at that time."""
    inactive = f"i.status IN {INACTIVE[kind]}"
    reasons = " ".join(f"WHEN '{word}' THEN {number}" for number, word in enumerate(REASONS))
    number = REASONS.index
    day = (
        "strftime('%Y-%m-%d %H:%M:%f000', t.not_after, '-14 days')"
        if _sqlite()
        else "t.not_after - interval '14 days'"
    )
    soon = (
        "strftime('%Y-%m-%d %H:%M:%f000', 'now', '+14 days')"
        if _sqlite()
        else "now() + interval '14 days'"
    )
    now = "strftime('%Y-%m-%d %H:%M:%f000', 'now')" if _sqlite() else "now()"
    true, false = ("1", "0") if _sqlite() else ("true", "false")
    newline = "char(10)" if _sqlite() else "chr(10)"
    epoch = "'1970-01-01 00:00:00.000000'" if _sqlite() else "timestamptz '1970-01-01 00:00:00+00'"
    authority = "t.hostname || CASE WHEN t.port = 443 THEN '' ELSE ':' || t.port END"
    text, client_text = (
        " || ".join(f"coalesce({each} || {newline}, '')" for each in lines)
        for lines in (
            (f"i.{entered}", *texts[:1], authority, *texts[1:]),
            ("c.name", "c.reference"),
        )
    )
    op.execute(f"""
        INSERT INTO listing_row
        SELECT id, kind, service_id, domain_id, client_id, client_name, name, product, status,
          due_on, registered_on, origin, target_id, rank,
          CASE WHEN rank = 4 THEN {day.replace("t.", "")} WHEN rank = 1 THEN not_after END,
          CASE WHEN rank = 1 THEN not_after ELSE {epoch} END, reason,
          CASE WHEN rank IN (1, 4) AND refuse THEN {true} ELSE {false} END,
          issuer, not_after, checked_at, changed_at, text, client_text
        FROM (
          SELECT 2 * i.id + {int(kind == "service")} AS id, '{kind}' AS kind,
            {"i.id" if kind == "service" else NO_ID} AS service_id,
            {"i.id" if kind == "domain" else NO_ID} AS domain_id,
            i.client_id, lower(c.name) AS client_name, lower(i.{entered}) AS name,
            {product} AS product, i.status,
            {due_on} AS due_on, {registered_on} AS registered_on, {origin} AS origin, i.target_id,
            CASE WHEN {inactive} THEN 5 WHEN t.id IS NULL THEN 2 WHEN t.reason IS NULL THEN 3
              WHEN t.reason IN {UNKNOWN} THEN 2 WHEN t.reason <> 'ok' OR t.not_after <= {now} THEN 0
              WHEN t.not_after <= {soon} THEN 1 ELSE 4 END AS rank,
            CASE WHEN {inactive} THEN NULL WHEN t.id IS NULL THEN {number("not_checkable")}
              WHEN t.reason IS NULL THEN {number("never-asked")}
              WHEN t.reason = 'ok' AND t.not_after <= {now} THEN {number("expired")}
              ELSE CASE t.reason {reasons} END END AS reason,
            t.browsers_refuse AS refuse, nullif(lower(t.issuer), '') AS issuer,
            t.not_after, t.checked_at, t.changed_at,
            {text} AS text, {client_text} AS client_text
          FROM "{kind}" i JOIN client c ON c.id = i.client_id
          LEFT JOIN target t ON t.id = i.target_id
        ) rows
    """)
