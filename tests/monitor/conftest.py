from threading import Event

import pytest

from tests.conftest import NOW
from webapp import config
from webapp.customers import catalog
from webapp.customers.models import ServiceStatus
from webapp.demo.pki import issue
from webapp.extensions import db, writing
from webapp.monitor import live, refresh, runs
from webapp.monitor.models import Hostname


@pytest.fixture
def site(app, lab, tmp_path):
    """The site with the lab to look at, and a deadline that tests can wait for."""
    told = {"PADLOCK_PROBE_TIMEOUT": "2", "PADLOCK_DATABASE_URL": app.config["PADLOCK_DATABASE_URL"]}
    app.config.from_mapping(config.load(lab.environ() | told, tmp_path))
    live.register(app)
    with app.app_context():
        yield app


@pytest.fixture
def hostname(site):
    """The row of a host name, new where there is none: `hostname("ok")` is ok.lab.example."""

    def hostname(label: str) -> Hostname:
        name = f"{label}.lab.example"
        row = db.session.scalar(db.select(Hostname).filter_by(name=name))
        if row is None:
            with writing():
                row = Hostname(name=name)
                db.session.add(row)
        return row

    return hostname


@pytest.fixture
def fleet(site, lab):
    """Puts active services with these names into a site that has nothing else: `fleet("a.fleet.example")`. Every name
    of fleet.example lives on one good server."""
    with writing():
        db.session.execute(db.text("UPDATE service SET status = 'Terminated'"))
        db.session.execute(db.text("UPDATE domain SET status = 'Terminated'"))
        client = catalog.add_client("Fleet & Sons", NOW)
    leaf = issue("*.fleet.example", issuer=lab.intermediate)
    address = lab.serve("fleet.example", leaf, lab.intermediate)
    site.config["PADLOCK_CONNECT_TO"] += (("*.fleet.example", *address),)

    def fleet(*names: str) -> dict[str, int]:
        with writing():
            services = [catalog.add_service(client, "Hosting", name, ServiceStatus.ACTIVE) for name in names]
            db.session.flush()
            return {service.domain: service.hostname_id for service in services}

    return fleet


@pytest.fixture
def tick(site):
    """One look of the scheduler, at this moment; the newest run."""

    def tick(now=None):
        refresh.tick(Event(), 60, (lambda: now) if now else refresh.utc_now)
        db.session.rollback()
        return runs.last_daily()

    return tick
