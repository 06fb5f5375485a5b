"""`flask users`, inside the site: as Click runs it."""

import re

import pytest

from tests.conftest import PASSWORD
from webapp.customers.models import Activity, User
from webapp.extensions import db, writing

NEW = "another horse battery"


@pytest.fixture
def flask_users(app):
    def run(*arguments, **kwargs):
        return app.test_cli_runner().invoke(args=["users", *arguments], **kwargs)

    return run


def stored(app, email="new@example.com"):
    with app.app_context():
        return db.session.scalar(db.select(User).filter_by(email=email))


def link_in(ran):
    return re.search(r"http://127\.0\.0\.1:8000(/reset/\S+)", ran.output)[1]


def test_a_client_user_is_added_and_chooses_a_password_by_link(flask_users, app, visit):
    ran = flask_users("add", "New@Example.com", "--name", "New One", "--client", "bob & sons")
    assert ran.exit_code == 0
    assert (stored(app).role, stored(app).client_id) == ("client", 2)
    assert visit().post(link_in(ran), {"password": NEW}).status_code == 303
    assert visit().sign_in("new@example.com", NEW).status_code == 303


def test_a_password_can_be_asked_for(flask_users, visit):
    arguments = ("add", "new@example.com", "--name", "New", "--role", "admin", "--ask-password")
    ran = flask_users(*arguments, input=f"{NEW}\n{NEW}\n")
    assert (ran.exit_code, "/reset/" in ran.output, NEW in ran.output) == (0, False, False)
    assert visit().sign_in("new@example.com", NEW).status_code == 303


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("alice@example.com", "--name", "A", "--client", "#1"), 1, "already"),
        (("new@example.com", "--name", "A"), 1, "name or reference"),
        (("new@example.com", "--name", "A", "--client", "nobody"), 1, "No client"),
        (("new@example.com", "--name", "A", "--role", "staff", "--client", "#1"), 2, "--client"),
        (("new@example.com", "--name", "A", "--role", "root"), 2, "root"),
        (("new", "--name", "A", "--role", "staff"), 2, "not an e-mail address"),
        (("new@example.com", "--name", " ", "--role", "staff"), 2, "1 to 200"),
        (("new@example.com", "--role", "staff"), 2, "--name"),
    ],
)
def test_what_cannot_be_is_said_and_adds_nobody(flask_users, app, arguments, code, said):
    ran = flask_users("add", *arguments)
    assert (ran.exit_code, said in ran.output) == (code, True), ran.output
    assert stored(app) is None


def test_a_short_password_adds_nobody(flask_users, app):
    ran = flask_users(
        "add", "new@example.com", "--name", "A", "--role", "staff", "--ask-password", input="x\nx\n"
    )
    assert (ran.exit_code, stored(app)) == (1, None)


def test_everybody_is_listed(flask_users, app):
    with app.app_context(), writing():
        db.session.execute(db.update(User).values(active=False).where(User.id == 2))
    lines = [line.split() for line in flask_users("list").output.splitlines()]
    assert [line[:2] for line in lines] == [
        ["ada@example.com", "admin"],
        ["alice@example.com", "client"],
        ["bob@example.com", "client"],
        ["sam@example.com", "staff"],
    ]
    assert [line[-1] for line in lines].count("(disabled)") == 1


def test_a_reset_link_is_printed(flask_users, visit):
    path = link_in(flask_users("reset-password", "Alice@example.com"))
    assert visit().post(path, {"password": NEW}).status_code == 303
    assert visit().sign_in("alice@example.com", PASSWORD).status_code == 422


def test_nobody_gets_no_link(flask_users):
    ran = flask_users("reset-password", "nobody@example.com")
    assert (ran.exit_code, "no active user" in ran.output) == (1, True)


def test_the_command_line_is_written_down(flask_users, app):
    flask_users("add", "new@example.com", "--name", "A", "--role", "staff")
    with app.app_context():
        rows = [tuple(row) for row in db.session.execute(db.select(Activity.who, Activity.action))]
    assert rows == [("command line", "created"), ("command line", "handed out a reset link")]
