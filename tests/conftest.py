"""The site as tests meet it: a real database, the cast, and a browser that looks at every page it
fetches."""

from __future__ import annotations

import gc
import io
import logging.config
import os
import re
import shutil
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest
from argon2 import PasswordHasher
from flask_migrate import upgrade
from hypothesis import settings as hypothesis_settings
from jinja2 import BytecodeCache
from sqlalchemy import String, event
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule
from xdist.scheduler import LoadFileScheduling

from tests import postgresql
from tests.browser import Browser
from webapp import create_app, logs
from webapp.accounts import password_hashes, sign_ins
from webapp.customers import catalog
from webapp.customers.models import DomainStatus, Role, ServiceStatus
from webapp.extensions import db, writing
from webapp.monitor.health import collect
from webapp.monitor.health.facts import Flag, Level
from webapp.monitor.refresh import scheduler
from webapp.probe import DEFAULT_PORTS
from webapp.site import site_of

# Temporary files are in memory where there is room for them: a tenth less time.
MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a private folder in it
ENOUGH = 4 * 2**30  # bytes: four times what a run has needed
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

pytest_plugins = ["tests.lab_fixture", "tests.redis_fixture"]

hypothesis_settings.register_profile("busy", deadline=None)  # a machine may be
hypothesis_settings.load_profile("busy")


class CompiledTemplates(BytecodeCache):
    """The compiled templates of this process, for all the sites that it makes."""

    def __init__(self):
        self.codes = {}

    def load_bytecode(self, bucket):
        bucket.code = self.codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket):
        self.codes[bucket.key, bucket.checksum] = bucket.code


# Each test makes a site of its own, and two thirds of its time would go into compiling the same
# templates.
COMPILED_TEMPLATES = CompiledTemplates()


# Likewise what Werkzeug makes of the addresses of pages: half of the time of making a site.
COMPILED_RULES = {}
compile_rule = Rule.compile


def compile_once(rule):
    """The same parts and functions for the same rule, in all the sites that this process makes."""
    made_of = (rule.rule, rule.host, rule.subdomain, rule.merge_slashes, repr(rule.defaults))
    key = (made_of, tuple(rule.map.converters.values()))
    if key not in COMPILED_RULES:
        compile_rule(rule)
        COMPILED_RULES[key] = vars(rule)
    made = COMPILED_RULES[key]
    for name in ("_parts", "_trace", "_converters", "arguments"):
        setattr(rule, name, made[name])
    for name in ("_build", "_build_unknown"):
        setattr(rule, name, made[name].__func__.__get__(rule))


Rule.compile = compile_once


class CompiledStatements(LRUCache):
    """What SQLAlchemy makes of a statement, for all the engines of this process, which have a
    dialect each."""

    def get(self, key, default=None):
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key, compiled):
        super().__setitem__((key[0].name, *key[1:]), compiled)


# Likewise: a fifth of the time of all requests.
COMPILED_STATEMENTS = CompiledStatements(5000)
make_engine = db._make_engine


def engine_that_remembers(*args, **kwargs):
    """The same engine, with the statements that others have compiled before."""
    engine = make_engine(*args, **kwargs)
    engine._compiled_cache = COMPILED_STATEMENTS
    return engine


db._make_engine = engine_that_remembers

# Pages that were looked at are trees that point at themselves: Python looks for such garbage in all
# that has been imported, over and over, which is a tenth of the time.
gc.set_threshold(100_000, 20, 50)
gc.freeze()

PASSWORD = "correct horse battery"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


BROWSER = re.compile(r"^tests/test_browser.*")


class OneBrowser(LoadFileScheduling):
    """Each file is tested by one process; all that need a browser by the same one: two of those at
    once hold each other up."""

    def _split_scope(self, nodeid):
        return BROWSER.sub("browser", super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return OneBrowser(config, log)


# Files that take longest go first, so that no core waits for one of them at the end; those of the
# browser before all.
LONG = re.compile(r"test_(clock|serving|workers|processes|runner|importer|ssl_status)\b")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: (not BROWSER.match(item.nodeid), not LONG.search(item.nodeid)))


@event.listens_for(db.session, "before_flush")
def texts_fit(session, _context, _objects):
    """SQLite takes texts of any length, and PostgreSQL none that is longer than its column."""
    for row in session.new | session.dirty:
        for column in row.__table__.columns:
            if isinstance(column.type, String) and column.type.length is not None:
                text = getattr(row, row.__mapper__.get_property_by_column(column).key)
                assert text is None or len(text) <= column.type.length, f"too long for {column}"


@pytest.fixture(scope="session")
def first_file(tmp_path_factory):
    """The SQLite file with the cast in it, which each test gets a copy of."""
    path = tmp_path_factory.mktemp("first") / "first.sqlite3"
    _fill(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def first_postgresql():
    """The URL of the one database that is brought back to the cast before each test."""
    return _postgresql()


def _postgresql():
    url = postgresql.database_of_worker(os.environ[postgresql.SERVER])
    _fill(url)
    postgresql.run(url, postgresql.REMEMBER)
    return url


def _fill(url):
    """The cast: alice owns, bob is a stranger, ada is the administrator."""
    with pytest.MonkeyPatch.context() as patch:
        app = _site(url, patch)
    # Hundreds of tests sign in
    password_hashes._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with app.app_context():
        upgrade()
        with writing():
            alice = catalog.add_client("Alice’s Bakery", NOW)
            bob = catalog.add_client("Bob & Sons", NOW)
            sign_ins.add_user("alice@example.com", "Alice Baker", PASSWORD, NOW, client=alice)
            sign_ins.add_user("bob@example.com", "Bob Plumber", PASSWORD, NOW, client=bob)
            sign_ins.add_user("ada@example.com", "Ada Admin", PASSWORD, NOW, role=Role.ADMIN)
            sign_ins.add_user("sam@example.com", "Sam Staff", PASSWORD, NOW, role=Role.STAFF)
            for client, name in ((alice, "alice.example"), (bob, "bob.example")):
                catalog.add_service(
                    client, "Starter Hosting", name, ServiceStatus.ACTIVE, date(2027, 1, 2)
                )
                catalog.add_domain(
                    client, name, DomainStatus.ACTIVE, date(2020, 1, 2), date(2027, 1, 2)
                )
        if db.engine.dialect.name == "sqlite":
            db.session.execute(db.text("PRAGMA wal_checkpoint(TRUNCATE)"))
        db.session.remove()
        db.engine.dispose()
    site_of(app).checks.close()


@pytest.fixture
def database(request, database_kind, tmp_path):
    """The URL of a database with the cast in it, and nothing else."""
    if database_kind == "sqlite":
        path = tmp_path / "padlock.sqlite3"
        shutil.copyfile(request.getfixturevalue("first_file"), path)
        return f"sqlite:///{path}"
    url = request.getfixturevalue("first_postgresql")
    try:
        postgresql.run(url, postgresql.RESET)
    except psycopg.Error:  # a test has failed in the middle of a migration
        _postgresql()
    return url


@pytest.fixture(autouse=True)
def _no_name_server(monkeypatch):
    """System Health asks the name servers of this machine: no test does."""
    monkeypatch.setattr(
        collect, "ask_resolver", lambda names: [Flag("Resolver", Level.OK, "127.0.0.1: 1 ms.")]
    )


@pytest.fixture
def app(database, monkeypatch):
    """The site, with the cast in its database.

    Every host name leads to a closed port of this machine.
    """
    app = _site(database, monkeypatch)
    yield app
    scheduler.stop()
    site_of(app).jobs.stop()
    site_of(app).checks.close()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def visit(app):
    """Browsers of the cast: `visit("alice")` is signed in, `visit()` is nobody."""

    def visit(name: str | None = None) -> Browser:
        browser = Browser(app)
        if name:
            browser.open_session(f"{name}@example.com")
        return browser

    return visit


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.fixture
def in_app(app):
    """Inside the site, for tests below the routes."""
    with app.app_context():
        yield app


@pytest.fixture
def log_lines():
    """Begins to log in this format; what has been logged so far."""
    stream = io.StringIO()
    logger = logging.getLogger("webapp")

    def log_lines(form):
        settings = logs.settings(form, "info")
        settings["handlers"]["stderr"]["stream"] = stream
        ours = {"webapp": {"handlers": ["stderr"], "level": "INFO"}}
        logging.config.dictConfig(settings | {"root": {}, "loggers": ours})
        return stream.getvalue

    yield log_lines
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)


def _site(url: str, patch: pytest.MonkeyPatch):
    for name in os.environ:
        if name.startswith("PADLOCK_"):
            patch.delenv(name)
    patch.setenv("PADLOCK_DATABASE_URL", url)
    patch.setenv("PADLOCK_SECRET_KEY", "a secret of this test, and of no other place")
    everywhere = ("*", *(f"*:{port}" for port in DEFAULT_PORTS[1:]))
    patch.setenv("PADLOCK_CONNECT_TO", ",".join(f"{name}=127.0.0.1:1" for name in everywhere))
    patch.setenv("PADLOCK_ALLOWED_NETWORKS", "127.0.0.0/8")
    app = create_app({"TESTING": True})
    app.jinja_env.bytecode_cache = COMPILED_TEMPLATES
    return app


def pytest_terminal_summary(terminalreporter):
    """Say at the end what this machine could not run, and why: a green line alone would hide it.

    A test that is about the other database is not counted: `make test` runs it on that one.
    """
    reasons = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", ()))
    missing = {
        reason: count for reason, count in reasons.items() if "sql only: " not in reason.lower()
    }
    if missing:
        terminalreporter.section("NOT TESTED ON THIS MACHINE", red=True, bold=True)
        for reason, count in missing.items():
            terminalreporter.line(f"{count} x {reason}", red=True)
