"""What is logged, and what never is."""

import json
import logging.config
import os
import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests

from scripts.ports import free_port
from tests.conftest import PASSWORD
from webapp.customers import lists
from webapp.extensions import db

ROOT = Path(__file__).parent.parent


@pytest.fixture(params=["plain", "json"])
def written(request, log_lines):
    return log_lines(request.param)


def test_a_request_is_one_line_with_its_id(visit, written):
    answer = visit("alice").client.get(
        "/services/1?q=secret-search", headers={"X-Request-ID": "proxy-4711"}
    )
    line = next(line for line in written().splitlines() if "/services/1" in line)
    assert answer.headers["X-Request-ID"] == "proxy-4711"
    assert "proxy-4711" in line
    assert re.search(r"GET /services/1 200 in \d+ ms, user 1", line)
    assert "secret-search" not in written()


@pytest.mark.parametrize(
    "sent", ["", "short", "x" * 65, "a b c d e f", "ü" * 10, "<script>alert</script>", "12345678;a"]
)
def test_an_id_from_outside_is_taken_only_where_it_is_short_and_plain(visit, sent):
    answers = [visit().client.get("/sign-in", headers={"X-Request-ID": sent}) for _ in range(2)]
    ids = [answer.headers["X-Request-ID"] for answer in answers]
    assert all(re.fullmatch("[0-9a-f]{16}", text) for text in ids)
    assert ids[0] != ids[1]


FORGED = "a\r\n2026-11-24 12:00:00 ERROR webapp: forged\x1b[31m\u2028b\u202e"


def test_nothing_forges_a_line(written):
    log = logging.getLogger("webapp.x")
    log.warning("%s failed", FORGED)
    try:
        int(FORGED)
    except ValueError:
        log.exception("that failed")
    events = [line for line in written().splitlines() if not line.startswith("  | ")]
    assert len(events) == 2
    assert not set(written()) & set("\r\x1b\u2028\u202e")
    assert "forged" in written()


@pytest.mark.parametrize(
    "path",
    [
        "/reset/a-secret-token",
        "/setup/a-secret-token",
        "/reset/a-secret-token/x",
        "/admin/import/a-secret-token",
    ],
)
def test_no_token_of_a_link_is_logged(visit, written, path):
    visit("ada").client.get(path)
    assert path.split("/")[1] in written()
    assert "a-secret-token" not in written()


def test_signing_in_leaves_neither_password_nor_address_in_the_log(visit, written):
    for password in (PASSWORD, "a wrong password"):
        for _ in range(11):
            visit().sign_in("alice@example.com", password)
    assert "POST /sign-in 429" in written()
    assert not any(words in written() for words in (PASSWORD, "a wrong password", "alice"))


def test_a_failure_of_ours_is_logged_with_its_id_and_the_reader_is_given_it(
    visit, app, written, monkeypatch
):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(lists, "list_services", lambda *args: 1 / 0)
    answer = visit("alice").client.get("/services?q=secret-search")
    number = answer.headers["X-Request-ID"]
    assert number in answer.text
    assert number in next(line for line in written().splitlines() if "failed on our side" in line)
    assert "ZeroDivisionError" in written()
    assert "secret-search" not in written()


@pytest.mark.sqlite("PostgreSQL takes a table that has gone for a mistake of ours")
def test_values_of_the_database_are_in_no_log(visit, app, written):
    alice = visit("alice")
    with app.app_context():
        db.session.execute(db.text("ALTER TABLE listing_row RENAME TO gone"))
        db.session.commit()
    assert alice.client.get("/services?q=a-name-of-a-customer").status_code == 503
    assert "no such table" in written()
    assert "a-name-of-a-customer" not in written()


def test_json_holds_what_is_said_and_facts_of_their_own(visit, log_lines):
    written = log_lines("json")
    visit("alice").client.get("/domains")
    lines = [json.loads(line) for line in written().splitlines()]
    facts = {
        "level": "INFO",
        "logger": "webapp.requests",
        "method": "GET",
        "path": "/domains",
        "status": 200,
        "user": 1,
    }
    assert lines[-1].items() >= facts.items()
    assert lines[-1]["request"]
    assert datetime.fromisoformat(lines[-1]["at"]).utcoffset() == timedelta(0)


def test_a_site_that_is_served_logs_every_line_as_json(database):
    listen = f"127.0.0.1:{free_port()}"
    environ = {"PADLOCK_LISTEN": listen, "PADLOCK_DATABASE_URL": database}
    environ |= {
        "PADLOCK_SECRET_KEY": "x" * 32,
        "PADLOCK_LOG_FORMAT": "json",
        "PATH": os.environ["PATH"],
    }
    command = [sys.executable, "-m", "gunicorn", "wsgi:app"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True
    ) as site:
        lines = [json.loads(next(site.stderr)) for _ in range(2)]
        while "Listening" not in lines[-1]["message"]:
            lines.append(json.loads(next(site.stderr)))
        answer = requests.get(f"http://{listen}/sign-in", timeout=20)
        site.terminate()
        lines += [json.loads(line) for line in site.stderr]
    loggers = {line["logger"] for line in lines}
    assert {"gunicorn.error", "webapp.requests"} <= loggers
    assert "gunicorn.access" not in loggers
    assert [line["request"] for line in lines if line["logger"] == "webapp.requests"] == [
        answer.headers["X-Request-ID"]
    ]
