import re
from pathlib import Path

import pytest
from sqlalchemy import event, insert

import webapp
from tests.conftest import NOW
from webapp.customers import audit_log
from webapp.customers.models import Activity
from webapp.extensions import db, writing


@pytest.fixture
def long_log(in_app):
    """500 lines about items that are there, and others that are not."""
    with writing():
        row = {"at": NOW, "who": "ada@example.com", "action": "created", "item": "x"}
        kinds = ("service", "domain", "user", "client", "import")
        db.session.execute(
            insert(Activity), [row | {"kind": kinds[n % 5], "item_id": n % 7} for n in range(500)]
        )
    db.session.rollback()


@pytest.fixture
def statements(in_app):
    """What the database is asked."""
    asked = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])))
    return asked


@pytest.mark.parametrize("size", ["25", "100"])
def test_the_log_costs_four_queries_however_long(long_log, statements, size):
    assert len(audit_log.list_activity({"size": size, "kind": "service"}).rows) == int(size)
    assert [text for text, _ in statements if "activity.who," in text]
    assert len([text for text, _ in statements if text.startswith(("SELECT", "WITH"))]) == 4


@pytest.mark.parametrize("way", ["following", "previous"])
def test_the_total_is_the_same_on_every_page(long_log, way):
    at = "" if way == "following" else "last"
    for number in range(20):
        found = audit_log.list_activity({"page": at})
        first = 1 + 25 * (number if way == "following" else 19 - number)
        assert (found.total, found.page.first, len(found.rows)) == (500, first, 25)
        at = getattr(found.page, way)
    assert at == ""


def test_where_nothing_is_found_nothing_is_fetched(long_log, statements):
    assert audit_log.list_activity({"q": "nothing like this"}).total == 0
    asked = [text for text, _ in statements if text.startswith(("SELECT", "WITH"))]
    assert len(asked) <= 4
    assert not [text for text in asked if "activity.who," in text]


def test_only_items_that_are_there_are_said_to_be(long_log):
    there = audit_log.list_activity({"size": "100"}).there
    assert there == {(kind, n) for kind in ("service", "domain", "client") for n in (1, 2)} | {
        ("user", n) for n in (1, 2, 3, 4)
    }


def test_every_action_of_this_site_can_be_filtered_by(in_app):
    """What `note` is given anywhere in the site; a new action needs its place in `ACTIONS`."""
    texts = "".join(path.read_text() for path in Path(webapp.__file__).parent.rglob("*.py"))
    noted = re.findall(r'audit_log\.note\([^"]*?(?=")((?:"[a-z ]+"(?: if \w+ else )?)+)', texts)
    words = {word for text in noted for word in re.findall(r'"([a-z ]+)"', text)}
    assert len(words) > 8
    assert words <= set(audit_log.ACTIONS)
