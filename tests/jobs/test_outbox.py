"""A mail that was asked for arrives once, also where the process is killed before it is sent."""

import os
import re
import signal
import socket
import subprocess
import sys

import pytest
import requests
from sqlalchemy import select, update

from scripts.ports import free_port
from tests.monitor.processes import ROOT, wait_for
from webapp.extensions import db, writing
from webapp.jobs.models import Job

SITE = "https://padlock.example.com"


@pytest.fixture
def site(database, in_app):
    """Starts the site as `make run` does, with the mail server at this port."""
    started = []
    url = f"http://127.0.0.1:{free_port()}"

    def site(mail_port):
        environ = {
            "PATH": os.environ["PATH"],
            "PADLOCK_DATABASE_URL": database,
            "PADLOCK_SECRET_KEY": "x" * 32,
            "PADLOCK_LISTEN": url.removeprefix("http://"),
            "PADLOCK_CONNECT_TO": "*=127.0.0.1:1",
            "PADLOCK_ALLOWED_NETWORKS": "127.0.0.0/8",
            "PADLOCK_SITE_URL": SITE,
            "PADLOCK_SMTP_URL": f"smtp://127.0.0.1:{mail_port}",
        }
        command = [sys.executable, "-m", "gunicorn", "--log-level", "warning", "wsgi:app"]
        started.append(subprocess.Popen(command, cwd=ROOT, env=environ, process_group=0))
        wait_for(lambda: answers(url))
        return url

    def kill():
        os.killpg(started[-1].pid, signal.SIGKILL)
        started.pop().wait()

    site.kill = kill
    yield site
    for _ in list(started):
        kill()


def answers(url):
    try:
        return requests.get(f"{url}/healthz", timeout=30).ok
    except requests.ConnectionError:
        return False


def request_link(url):
    session = requests.Session()
    page = session.get(f"{url}/forgot-password", timeout=10).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
    form = {"email": "alice@example.com", "csrf_token": token}
    assert session.post(f"{url}/forgot-password", data=form, timeout=10).ok


def job():
    db.session.rollback()
    return db.session.scalar(select(Job))


def test_a_mail_of_a_process_that_is_killed_arrives_once(site, server):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        request_link(site(silent.getsockname()[1]))
        wait_for(lambda: job() is not None and job().claim)
        site.kill()
    assert job().tries == 1
    with writing():  # as if the lease had expired
        db.session.execute(update(Job).values(claimed_until=Job.created_at, run_at=Job.created_at))
    site(server.port)
    mail = server.mails.get(timeout=60)
    assert (mail["To"], f"{SITE}/reset/" in mail.get_content()) == ("alice@example.com", True)
    wait_for(lambda: job() is None)
    assert server.mails.empty()
