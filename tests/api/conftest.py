"""Programs of the cast, that use the API with tokens."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from webapp.accounts import tokens
from webapp.accounts.models import Scope
from webapp.customers.models import User
from webapp.extensions import db


@pytest.fixture
def token_of(app):
    """The secret of a new token of one of the cast."""

    def make(name, scope="read", ends_at=None):
        with app.app_context():
            user = db.session.scalar(select(User).filter_by(email=f"{name}@example.com"))
            return tokens.create(
                None, user, f"{name}’s program", Scope(scope), ends_at, datetime.now(UTC)
            )

    return make


@pytest.fixture
def program(app, token_of):
    """Calls the API as one of the cast: `program("ada", "write")("GET", "/services")`."""

    def make(name, scope="read"):
        secret = token_of(name, scope)
        client = app.test_client(use_cookies=False)

        def call(method, path, body=None, status=200, **headers):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            answer = client.open(
                f"/api/v1{path}",
                method=method,
                json=body,
                headers={"Authorization": f"Bearer {secret}"} | named,
            )
            assert answer.status_code == status, (answer.status_code, answer.text)
            if status >= 400:
                assert answer.mimetype == "application/problem+json"
                assert answer.json["status"] == status
            return answer

        return call

    return make
