"""How Alembic runs: on the database of the site, with the models of the site."""

import warnings

import click
from alembic import context
from flask import current_app
from sqlalchemy.exc import DatabaseError

from webapp import start_check
from webapp.customers import search_index
from webapp.extensions import db

# Alembic's copies of tables read the foreign tables, too; no index of those is lost
warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")

try:
    connection = db.engine.connect()
except DatabaseError as error:
    raise click.ClickException(start_check.words(error)) from None
with connection:
    if connection.dialect.name == "sqlite":
        # A table that is made again must not take along the rows that refer to it. This can be said
        # outside a transaction only, and for the whole connection: no one gets this one afterwards.
        connection.detach()
        connection.connection.execute("PRAGMA foreign_keys = OFF")
    else:
        # Of two that begin at once, one finds that it is done already
        connection.execution_options(writing="alone")
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        include_name=search_index.is_of_a_model,
        **current_app.extensions["migrate"].configure_args,
    )
    with context.begin_transaction():
        before = context.get_context().get_current_heads()
        context.run_migrations()
        after = context.get_context().get_current_heads()
    if before != after:
        connection.commit()  # SQLite does not let who reads first wait for the lock to write
        # Without statistics a new index is ignored, or used where it is slow
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
