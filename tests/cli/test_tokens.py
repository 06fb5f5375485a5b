import re

from webapp.accounts.models import Token
from webapp.extensions import db


def run(app, *words):
    return app.test_cli_runner().invoke(args=["tokens", *words])


def test_a_token_is_added_listed_and_revoked(app):
    asked = ("add", "--user", "ada@example.com", "--name", "Panel", "--scope", "write")
    added = run(app, *asked, "--expires", "2099-01-01")
    secret = added.output.strip()
    assert re.fullmatch(r"padlock_[\w-]{43}", secret)
    client = app.test_client()
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/clients", headers=headers).status_code == 200
    listed = run(app, "list").output
    assert "write  ada@example.com  Panel  Expires on 1 Jan 2099" in listed
    assert secret not in listed
    assert "Token “Panel” revoked." in run(app, "revoke", listed.split()[0]).output
    assert client.get("/api/v1/clients", headers=headers).status_code == 401


def test_what_cannot_be_a_token_is_refused(app):
    ada = ("add", "--user", "ada@example.com", "--name")
    for words, told in (
        (("add", "--user", "nobody@example.com", "--name", "x"), "nobody@example.com"),
        ((*ada, " "), "at most 100"),
        ((*ada, "x", "--expires", "2001-01-01"), "in the future"),
        (("add", "--user", "alice@example.com", "--name", "x", "--scope", "metrics"), "Only admin"),
        (("revoke", "17"), "no token 17"),
    ):
        answer = run(app, *words)
        assert answer.exit_code != 0
        assert told in answer.output
    with app.app_context():
        assert not db.session.query(Token).count()
