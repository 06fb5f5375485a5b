"""A browser for tests: signs in, carries the CSRF token, and looks at every page it fetches."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from bs4 import BeautifulSoup, Tag
from flask import Flask, session
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select
from werkzeug.test import TestResponse

from webapp.accounts import sign_ins
from webapp.customers.models import User
from webapp.extensions import db
from webapp.routes import sessions
from webapp.routes.account_fields import caller


class _Client(FlaskClient):
    """Reads every answer to its end, so that no file stays open."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, **{**kwargs, "buffered": True})


class Browser:
    def __init__(self, app: Flask) -> None:
        self.client = _Client(app, use_cookies=True)

    def get(self, path: str, status: int = 200, **kwargs) -> BeautifulSoup:
        """The page at this path, which answers with this status and is well made."""
        response = self.client.get(path, **kwargs)
        assert response.status_code == status, f"{path} answered {response.status_code}"
        return looked_at(response)

    def post(self, path: str, form: dict[str, str] | None = None, **kwargs) -> TestResponse:
        """The answer to this form, sent with a token that a page of this session could carry."""
        return self.client.post(path, data={**(form or {}), "csrf_token": self._token()}, **kwargs)

    def token(self) -> str:
        """The token that a page of this session carries."""
        page = self.client.get("/profile/password", follow_redirects=True).text
        return re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)[1]

    def open_session(self, email: str) -> None:
        """Signs in without the form, which takes twice as long."""
        app = self.client.application
        with app.test_request_context("/sign-in", environ_base=self.client.environ_base):
            app.preprocess_request()  # the first request of a process reads the settings, too
            user = db.session.scalar(select(User).filter_by(email=email))
            sessions.open_session(user, sign_ins.sign_in(user, datetime.now(UTC), caller()))
            opened = dict(session)
        with self.client.session_transaction() as kept:
            kept.update(opened)

    def sign_in(self, email: str, password: str) -> TestResponse:
        return self.post("/sign-in", {"email": email, "password": password})

    def _token(self) -> str:
        # As a page makes it, without the page: every second request of the suite was for a token
        app = self.client.application
        with self.client.session_transaction() as kept:
            secret = kept.setdefault("csrf_token", secrets.token_hex(20))
            return URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(secret)


def looked_at(response: TestResponse) -> BeautifulSoup:
    """The page, once it has been seen to be well made: whatever is asked of every page stands
    here."""
    page = BeautifulSoup(response.data, "html.parser")
    tags = [each for each in page.descendants if isinstance(each, Tag)]
    names = Counter(tag.name for tag in tags)
    if names["html"]:  # and no fragment
        assert names["h1"] == 1, "one h1 a page"
        assert page.title.text.strip().removesuffix("· Padlock").strip(), "a title"
        assert page.html["lang"] == "en"
    assert not names["style"], "no inline style"
    ids = Counter(tag["id"] for tag in tags if tag.get("id") is not None)
    assert not [name for name, count in ids.items() if count > 1], "no id twice"
    for tag in tags:
        bad = [name for name in tag.attrs if name.startswith(("on", "hx-on")) or name == "style"]
        assert not bad, f"{bad} in {tag}"
        if tag.name == "form":
            assert tag.get("action"), "every form has an action"
            if tag.get("method") == "post":
                assert "csrf_token" in str(tag), "every form has its token"
        if tag.name == "script":
            assert tag.get("src"), "no inline script"
            assert not tag.text, "no inline script"
    return page
