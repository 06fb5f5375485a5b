"""How Alembic runs: on the database of the site, with the models of the site."""

from alembic import context
from flask import current_app

from webapp.extensions import db

with db.engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        **current_app.extensions["migrate"].configure_args,
    )
    with context.begin_transaction():
        context.run_migrations()
