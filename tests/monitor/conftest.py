import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from scripts.ports import free_port
from tests.conftest import NOW
from tests.monitor.processes import ROOT, SLOW
from tests.monitor.refreshing import refresh
from webapp.config import loading
from webapp.customers import catalog
from webapp.customers.models import ServiceStatus
from webapp.demo import behaviours
from webapp.demo.pki import issue
from webapp.extensions import db, writing
from webapp.monitor import live
from webapp.monitor.models import Target
from webapp.monitor.refresh import runner, runs


@pytest.fixture
def site(app, lab, tmp_path):
    """The site with the lab to look at, and a deadline that tests can wait for."""
    told = {
        "PADLOCK_PROBE_TIMEOUT": "2",
        "PADLOCK_DATABASE_URL": app.config["PADLOCK_DATABASE_URL"],
    }
    app.config.from_mapping(loading.load(lab.environ() | told, tmp_path))
    live.register(app)
    with app.app_context():
        yield app


@pytest.fixture
def hostname(site):
    """The row of a host name, new where there is none: `hostname("ok")` is ok.lab.example."""

    def hostname(label: str) -> Target:
        name = f"{label}.lab.example"
        row = db.session.scalar(db.select(Target).filter_by(hostname=name))
        if row is None:
            with writing():
                row = Target(hostname=name)
                db.session.add(row)
        return row

    return hostname


@pytest.fixture
def fleet(site, lab):
    """Puts active services with these names into a site that has nothing else:
    `fleet("a.fleet.example")`. Every name of fleet.example lives on one good server."""
    with writing():
        db.session.execute(db.text("UPDATE service SET status = 'Terminated'"))
        db.session.execute(db.text("UPDATE domain SET status = 'Terminated'"))
        client = catalog.add_client("Fleet & Sons", NOW)
    leaf = issue("*.fleet.example", issuer=lab.intermediate)
    address = lab.serve("fleet.example", leaf, lab.intermediate)
    site.config["PADLOCK_CONNECT_TO"] += (("*.fleet.example", *address),)

    def fleet(*names: str) -> dict[str, int]:
        with writing():
            services = [
                catalog.add_service(client, "Hosting", name, ServiceStatus.ACTIVE) for name in names
            ]
            db.session.flush()
            return {service.domain: service.target_id for service in services}

    return fleet


@pytest.fixture
def tick(site):
    """One look of the scheduler, at this moment; the newest run."""
    # Else the next daily refresh would begin within a test that runs shortly before three
    now = datetime.now(site.config["PADLOCK_TIMEZONE"])
    site.config["PADLOCK_REFRESH_AT"] = (now - timedelta(hours=1)).time()

    def tick(now=None):
        refresh(clock=(lambda: now) if now else runner.utc_now)
        db.session.rollback()
        return runs.last_daily()

    return tick


@pytest.fixture
def environ(site):
    """What another process of this site is told."""
    there = ",".join(
        f"{pattern}={address}:{port}"
        for pattern, address, port in site.config["PADLOCK_CONNECT_TO"]
    )
    return {
        "PATH": os.environ["PATH"],
        "PADLOCK_DATABASE_URL": site.config["PADLOCK_DATABASE_URL"],
        "PADLOCK_SECRET_KEY": "x" * 32,
        "PADLOCK_CA_BUNDLE": str(site.config["PADLOCK_CA_BUNDLE"]),
        "PADLOCK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "PADLOCK_CONNECT_TO": there,
        "PADLOCK_PROBE_TIMEOUT": "5",
        "PADLOCK_TIMEZONE": "UTC",
    }


@pytest.fixture
def slow(fleet, lab, environ, site):
    """Some names on a server that takes its time."""
    leaf = issue("*.slow.example", issuer=lab.intermediate)
    slow = lab.context(leaf, lab.intermediate)
    address, port = lab.listen("*.slow.example", behaviours.https(slow, delay=0.2))
    environ["PADLOCK_CONNECT_TO"] = f"*.slow.example={address}:{port}"
    environ.update(
        PADLOCK_PER_ADDRESS="2", PADLOCK_PER_ADDRESS_PAUSE="0", PADLOCK_REFRESH_BATCH="4"
    )
    site.config.update(
        PADLOCK_CONNECT_TO=(("*.slow.example", address, port),), PADLOCK_PER_ADDRESS=2
    )
    return fleet(*(f"name{number}.slow.example" for number in range(SLOW)))


@pytest.fixture
def site_process(environ):
    """The site as `make run` starts it, on a port of its own."""
    environ["PADLOCK_LISTEN"] = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "gunicorn", "--log-level", "warning", "wsgi:app"]
    started = []

    def start():
        started.append(subprocess.Popen(command, cwd=ROOT, env=environ, process_group=0))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
