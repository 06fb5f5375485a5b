"""Sources of a site whose billing systems are on loopback."""

import json

import pytest
from sqlalchemy import select

from tests import forked
from tests.sources.panels import Whmcs
from webapp.customers.models import Client, Domain, Service
from webapp.extensions import db
from webapp.sources import registry, sync
from webapp.sources.summary import of_each_kind


@pytest.fixture
def whmcs():
    with Whmcs().cast().running() as panel:
        yield panel


@pytest.fixture
def instance(in_app, tmp_path):
    """Files of this test only."""
    in_app.instance_path = str(tmp_path / "instance")
    in_app.config["PADLOCK_SOURCES_TIMEOUT"] = 2.0
    return in_app


@pytest.fixture
def add(instance, now):
    """Adds a source for this panel."""

    def add(panel, kind="whmcs", path="/billing", name="billing", **settings):
        wanted = {"credentials": panel.credentials, **settings}
        return registry.add(None, registry.Settings(name, kind, panel.url + path, **wanted), now)

    return add


@pytest.fixture
def run(now):
    """Syncs a source."""

    def run(source, gone_percent=None, **order):
        agreed = of_each_kind(gone_percent)
        made = sync.Order(None, "command line", now, gone_percents=agreed, **order)
        return sync.run(source, made, lambda doing, done, total: None)

    return run


def counts(summary):
    """What is not the same: "service added" and the like."""
    return {
        f"{kind} {what}": count
        for kind, of in summary.counts.items()
        for what, count in of.items()
        if count and what != "same"
    }


def rows(model, source):
    """What is stored of this source, by the id there."""
    db.session.rollback()
    found = db.session.scalars(select(model).where(model.source_id == source.id))
    return {row.source_key: row for row in found}


def clients(source):
    return rows(Client, source)


def services(source):
    return rows(Service, source)


def domains(source):
    return rows(Domain, source)


@pytest.fixture
def flask(app, tmp_path):
    """Runs `flask sources …` beside this site, on its database."""

    def flask(*arguments, **more):
        environ = {
            "PADLOCK_DATABASE_URL": app.config["PADLOCK_DATABASE_URL"],
            "PADLOCK_SECRET_KEY": "x" * 32,
            "PYTHONWARNINGS": "error",
            "PATH": "",
        }
        return forked.run("flask", "sources", *arguments, environ=environ | more)

    return flask


@pytest.fixture
def credentials(tmp_path):
    """A file with these credentials."""

    def credentials(found):
        path = tmp_path / "credentials.json"
        path.write_text(json.dumps(found))
        return path

    return credentials
