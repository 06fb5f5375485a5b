"""A PostgreSQL that is killed under a site at work, and two who write to it at once."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event

import pytest
import requests
from flask_migrate import upgrade

from tests.conftest import NOW, _fill, _site
from tests.monitor.test_processes import ROOT, wait_for
from tests.postgresql import Server
from webapp.customers import catalog
from webapp.customers.models import Client, ServiceStatus
from webapp.demo import behaviours
from webapp.demo.pki import issue
from webapp.extensions import db, writing
from webapp.monitor import due, record, refresh, runs
from webapp.monitor.models import Hostname, RunState
from webapp.probe import Finding, Reason, State

pytestmark = pytest.mark.postgresql("SQLite is a file, and no server that could be gone")
MANY = 30  # names


@pytest.fixture
def server():
    """A server of this test's own, with the cast in it."""
    server = Server()
    server.start()
    _fill(server.url())
    yield server
    server.remove()


@pytest.fixture
def slow(lab):
    """Where names lead to a server that takes its time."""
    leaf = issue("*.slow.example", issuer=lab.intermediate)
    address, port = lab.listen(
        "*.slow.example", behaviours.https(lab.context(leaf, lab.intermediate), delay=0.2)
    )
    return f"*.slow.example={address}:{port}"


@pytest.fixture
def site(server, lab, slow, monkeypatch, unused_port):
    """The site on that server, in a process of its own; here it is looked at from outside."""
    app = _site(server.url(), monkeypatch)
    monkeypatch.setenv("PADLOCK_CONNECT_TO", slow)
    monkeypatch.setenv("PADLOCK_CA_BUNDLE", str(lab.environ()["PADLOCK_CA_BUNDLE"]))
    monkeypatch.setenv("PADLOCK_LISTEN", f"127.0.0.1:{unused_port}")
    monkeypatch.setenv("PADLOCK_PER_ADDRESS_PAUSE", "0")
    with app.app_context():
        with writing():
            client = db.session.get(Client, 1)
            for number in range(MANY):
                catalog.add_service(client, "Hosting", f"name{number}.slow.example", ServiceStatus.ACTIVE)
        command = [sys.executable, "-m", "gunicorn", "--log-level", "critical", "wsgi:app"]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
            yield app
            process.kill()
        db.session.remove()
        db.engine.dispose()
    app.extensions["padlock_flights"].close()
