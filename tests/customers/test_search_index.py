"""Searches find the same with the index as without it, and the index follows what changes."""

import re

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text

from tests.customers.shelf import NOW, ada, all_pages, shelf  # noqa: F401 - a fixture
from webapp.customers import audit_log, catalog, clients, items, lists, search_index, searches
from webapp.customers.listing_row import ListingRow
from webapp.customers.lists import ListQuery
from webapp.customers.models import Client, DomainStatus, Service, ServiceStatus, User
from webapp.extensions import db, writing
from webapp.listing import page, plan
from webapp.listing.rows import Rows
from webapp.monitor import results
from webapp.monitor.health.facts import Level
from webapp.monitor.models import Target
from webapp.probe import Finding, Reason
from webapp.reports import ssl_status
from webapp.reports.query import ReportQuery
from webapp.words.activity import Detail

sqlite = pytest.mark.sqlite("PostgreSQL has another index, and keeps it by itself")
PRODUCTS = (
    "100%_off",
    'It\'s "it"',
    "Straße Ärger",
    "ÄRGER",
    "a*b^c:d AND e",
    "x\\y",
    "a-b",
    "日本語",
)
SEARCHED_KINDS = ("", "service", "domain")
WORDS = (
    *("%", "_o", "0%_", "'s", "'s ", '"it"', 's "i', "straße", "STRASSE", "ärger", "Ärger", "ÄRG"),
    *("a*b", "and", " AND ", "b^c:", "x\\y", "日本語", "日本", "a-b", "-b\n", "\0", "a\0b", "off"),
    *("example", "shop", "EXAMPLE", "bakery", "alice’s", "no such", "x" * 100),
)


def user(name):
    return db.session.scalar(db.select(User).filter_by(email=f"{name}@example.com"))


def found(word, name="ada", list_rows=lists.list_services, **question):
    listing = list_rows(user(name), ListQuery(word, **question), NOW)
    return {row.id for row in listing.rows}, listing.total, listing.page.exact, listing.elsewhere


@pytest.fixture
def odd_products(in_app):
    with writing():
        for number, product in enumerate(PRODUCTS):
            owner = db.session.get(Client, 1 + number % 2)
            catalog.add_service(owner, product, f"shop-{number}.example", ServiceStatus.ACTIVE)


@sqlite
def test_a_search_finds_the_same_with_the_index_and_without(odd_products):
    def everything():
        log = [
            audit_log.list_activity({"q": word, "kind": kind})
            for word in WORDS
            for kind in SEARCHED_KINDS
        ]
        lines = [[row.id for row in one.rows] for one in log]
        report = [ssl_status.report(ada(), ReportQuery(word), NOW) for word in WORDS if word[1:]]
        by_name = [found(word, name) for word in WORDS for name in ("ada", "alice", "bob")]
        return lines, by_name, [([row.id for row in one.rows], one.totals) for one in report]

    with writing():
        for number, product in enumerate(PRODUCTS):
            kind = SEARCHED_KINDS[1 + number % 2]
            audit_log.note(
                ada(), "changed", kind, number, "shop", NOW, Detail.OF_CLIENT, client=product
            )
    assert search_index.exists()
    with_it = everything()
    db.session.remove()
    drop_index()
    assert not search_index.exists()
    assert everything() == with_it


def test_a_search_without_an_index_looks_into_every_row(odd_products):
    assert (len(found("日本")[0]), len(found("ÄRG")[0]), len(found("ärg")[0])) == (1, 2, 0)
    assert found("%%")[0] == set()


def drop_index():
    """As where SQLite cannot have it."""
    with writing():
        for trigger in ("delete", "insert", "update"):
            db.session.execute(text(f"DROP TRIGGER listing_search_{trigger}"))
        db.session.execute(text("DROP TABLE listing_search"))


@sqlite
def test_the_index_follows_what_changes(in_app):
    alice = db.session.get(Client, 1)
    with writing():
        service = catalog.add_service(alice, "Hosting", "new.example", ServiceStatus.ACTIVE)
    id_ = service.id
    assert found("new.ex")[0] == {id_}
    with writing():
        db.session.get(Service, id_).product = "Mail"
    assert (found("hosting")[1], found("mail")[0]) == (2, {id_})
    moved = db.session.get(Service, id_)
    items.move(ada(), "service", id_, moved.version, 2, NOW)
    assert (found("mail", "alice")[0], found("mail", "bob")[0]) == (set(), {id_})
    bob = db.session.get(Client, 2)
    clients.change(ada(), 2, bob.version, clients.ClientDetails("Zebra Ltd"), NOW)
    assert (found("zebra")[1], found("Bob & Sons")[1]) == (2, 0)
    gone = db.session.get(Client, 2)
    clients.remove(ada(), 2, gone.version, clients.what_goes_with(gone), NOW)
    assert found("zebra")[1] == 0
    noted = audit_log.list_activity({"q": "zebra"})
    assert [line.action for line in noted.rows] == ["deleted", "changed"]
    left = "SELECT count(*) FROM listing_search WHERE listing_search MATCH 'zeb OR mai'"
    assert db.session.scalar(text(left)) == 0


@sqlite
def test_what_a_check_finds_does_not_touch_the_index(in_app):
    def blocks():
        return db.session.execute(text("SELECT id, block FROM listing_search_data")).all()

    before = blocks()
    seen = Finding(
        *("alice.example", "alice.example"),
        reason=Reason.EXPIRED,
        checked_at=NOW,
        elapsed_seconds=1,
    )
    results.record(seen, NOW)
    assert db.session.scalar(db.select(Target.reason).filter_by(hostname="alice.example"))
    assert blocks() == before


@sqlite
def test_a_word_of_services_is_not_looked_for_among_domains(in_app):
    search = searches.searched(Rows(), "hosting", None, "domain").search
    candidates = db.select(db.func.count()).select_from(search.candidates)
    assert db.session.scalar(candidates) == 0
    assert found("hosting", list_rows=lists.list_domains)[3] == {"service": 2}


def test_a_common_word_is_not_counted_elsewhere(in_app, monkeypatch):
    assert found("hosting", list_rows=lists.list_domains)[3] == {"service": 2}
    monkeypatch.setattr(plan, "is_common", lambda *_: True)
    assert found("hosting", list_rows=lists.list_domains)[3] == {"service": plan.MOST_COUNTED}


@pytest.mark.parametrize("kind", ["service", "domain"])
@pytest.mark.parametrize("name", ["text", "client_text"])
def test_postgresql_is_asked_for_the_expression_that_its_index_has(in_app, kind, name):
    def plain(sql):
        return re.sub(r"listing_row\.|[()]", "", str(sql))

    condition = searches._of_kind_contains(kind, [getattr(ListingRow, name)], ["hosting"])
    expression = f"CASE WHEN {kind}_id IS NOT NULL THEN {name} END"
    assert expression in plain(search_index._POSTGRESQL[f"listing_search_{kind}_{name}"])
    assert f"{expression} " in plain(condition)


@pytest.mark.parametrize("rows_per_hit", [(0,), (1, 40)])
@pytest.mark.parametrize("sort", ["domain", "-due", "ssl", "client"])
def test_pages_of_many_hits_are_the_same_near_and_far_apart(
    shelf,  # noqa: F811
    monkeypatch,
    sort,
    rows_per_hit,
):
    def pages(most, word):
        monkeypatch.setattr(plan, "MOST_COUNTED", most)
        monkeypatch.setattr(plan, "MOST_CANDIDATES", most)
        question = {"sort": sort, "search": word, "client": ""}

        def rows(at):
            return lists.list_services(ada(), ListQuery(page=at, **question), NOW)

        return [row.id for row in all_pages(rows)]

    monkeypatch.setattr(page, "ROWS_PER_HIT", rows_per_hit)
    for word in ("n1", "n1.example", "zoe", "example"):
        gathered = pages(5000, word)
        assert gathered
        assert pages(0, word) == gathered


@sqlite
def test_the_migration_makes_the_index_as_it_is_made_today(in_app):
    db.session.remove()
    downgrade(revision="0020")
    assert not [name for name in inspect(db.engine).get_table_names() if "search" in name]
    upgrade()
    assert search_index.exists()
    assert found("starter")[1] == 2


@sqlite
def test_where_sqlite_cannot_have_it_a_search_goes_without(in_app, monkeypatch):
    db.session.remove()
    drop_index()
    monkeypatch.setattr(search_index, "_TABLE", "CREATE VIRTUAL TABLE x USING fts0(a)")
    monkeypatch.setattr(search_index, "MANY_ROWS", 2)
    assert (search_index.create(), search_index.flawed()) == (False, False)
    assert found("starter")[1] == 2
    (flag,) = search_index._flags(NOW)
    assert (flag.level, "3.35 or newer" in flag.fix) == (Level.WARNING, True)


@pytest.mark.postgresql("its extension is missing in the server of the tests")
def test_without_the_extension_system_health_says_what_to_do(in_app, monkeypatch):
    assert search_index._flags(NOW) == []  # few rows need no index
    monkeypatch.setattr(search_index, "MANY_ROWS", 2)
    assert not search_index.create()
    (flag,) = search_index._flags(NOW)
    assert (flag.level, "postgresql-contrib" in flag.fix) == (Level.WARNING, True)
    with writing():
        catalog.add_domain(db.session.get(Client, 1), "more.example", DomainStatus.ACTIVE)
    assert found("more.ex", list_rows=lists.list_domains)[1] == 1
