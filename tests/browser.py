"""A browser for tests: signs in, carries the CSRF token, and looks at every page it fetches."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from bs4 import BeautifulSoup, Tag
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse


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
        """The answer to this form, sent with the token a page of this session carries."""
        return self.client.post(path, data={**(form or {}), "csrf_token": self.token()}, **kwargs)

    def token(self, path: str = "/profile/password") -> str:
        page = self.client.get(path, follow_redirects=True).text
        return re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)[1]

    def sign_in(self, email: str, password: str) -> TestResponse:
        form = {"email": email, "password": password, "csrf_token": self.token("/sign-in")}
        return self.client.post("/sign-in", data=form)


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
