"""Monitoring systems read the numbers of the site."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from webapp.accounts import tokens
from webapp.accounts.models import Scope, Token
from webapp.customers.models import Client, User
from webapp.extensions import db, writing
from webapp.monitor.results import record
from webapp.probe import Certificate, Finding, Reason
from webapp.sources.models import Source, SourceRun
from webapp.words.metrics import HELP

NOW = datetime.now(UTC).replace(microsecond=0)
LEAF = Certificate(
    fingerprint="ab" * 32,
    issuer="R11, Let's Encrypt",
    not_before=NOW - timedelta(days=30),
    not_after=NOW + timedelta(days=5),
)
VALID = Finding("alice.example", "alice.example", Reason.OK, NOW, 0.2, certificate=LEAF)
TIMEOUT = replace(
    VALID, hostname="bob.example", reason=Reason.TIMEOUT, certificate=None, elapsed_seconds=30.0
)
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(not PROMTOOL, reason="there is no promtool")


@pytest.fixture
def open_here(app):
    app.config["PADLOCK_METRICS_NETWORKS"] = (ip_network("127.0.0.0/8"),)


def numbers(visit, address="/metrics"):
    """Each sample by its name and its labels, which come in the order of their names."""
    answer = visit().client.get(address)
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    samples = [
        sample
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    ]
    found = {(each.name, *each.labels.values()): each.value for each in samples}
    assert len(found) == len(samples)  # no two numbers have the same labels
    return found


def check(app, *findings):
    with app.app_context():
        for finding in findings:
            record(finding, NOW)


def test_metrics_are_off_until_a_network_is_named(visit, app):
    assert visit().client.get("/metrics").status_code == 404
    app.config["PADLOCK_METRICS_NETWORKS"] = (ip_network("10.0.0.0/8"),)
    assert visit("ada").client.get("/metrics").status_code == 404
    inside = {"REMOTE_ADDR": "::ffff:10.1.2.3"}
    assert visit().client.get("/metrics", environ_base=inside).status_code == 200
    for nowhere in ("", "unknown", "10.1.2.3:4567"):  # of a socket, or as some proxies say it
        outside = {"REMOTE_ADDR": nowhere}
        assert visit().client.get("/metrics", environ_base=outside).status_code == 404


def test_a_token_of_the_scope_metrics_reads_them_from_anywhere(visit, app):
    with app.app_context():
        ada = db.session.scalars(db.select(User).filter_by(email="ada@example.com")).one()
        secrets = {
            scope: tokens.create(ada, ada, scope, scope, None, NOW)
            for scope in (Scope.METRICS, Scope.WRITE)
        }
    for scope, status in ((Scope.METRICS, 200), (Scope.WRITE, 404)):
        headers = {"Authorization": f"Bearer {secrets[scope]}"}
        assert visit().client.get("/metrics", headers=headers).status_code == status
    with app.app_context():
        used = db.session.scalars(db.select(Token.name).where(Token.last_used_at.is_not(None)))
        assert list(used) == ["metrics"]


@pytest.mark.usefixtures("open_here")
def test_the_numbers_are_those_of_the_lists(visit, app):
    check(app, VALID, TIMEOUT)
    found = numbers(visit)
    assert found["padlock_items", "service", "ok", "valid"] == 1
    assert found["padlock_items", "domain", "timeout", "unknown"] == 1
    assert found["padlock_issuer_items", "R11, Let's Encrypt"] == 2
    assert found["padlock_ending_items", "3", "domain"] == 0
    assert found["padlock_ending_items", "7", "domain"] == 1
    assert found["padlock_names_in_use",] == 2
    assert found["padlock_names_waiting",] == 0
    assert found["padlock_incidents_open",] == 0


@pytest.mark.usefixtures("open_here")
def test_the_last_sync_of_a_source_counts(visit, app):
    with app.app_context(), writing():
        source = Source(name="billing", kind="whmcs", url="", credentials="", created_at=NOW)
        db.session.add(source)
        db.session.flush()
        for minutes, fault in ((2, ""), (1, "html")):
            at = NOW - timedelta(minutes=minutes)
            facts = {"started_at": at, "ended_at": at, "who": "", "fault": fault}
            db.session.add(SourceRun(source_id=source.id, problem_count=minutes, **facts))
    found = numbers(visit)
    assert found["padlock_sync_complete", "billing"] == 0
    assert found["padlock_sync_problems", "billing"] == 1
    assert (
        found["padlock_sync_ended_timestamp_seconds", "billing"]
        == (NOW - timedelta(minutes=1)).timestamp()
    )


@pytest.mark.usefixtures("open_here")
def test_checks_are_counted_by_how_long_they_took(visit, app):
    check(app, VALID, TIMEOUT)
    later = NOW - timedelta(seconds=1)  # one that is older than what is known was a check as well
    check(app, replace(VALID, checked_at=later, elapsed_seconds=0.3))
    found = numbers(visit)
    assert found["padlock_checks_total", "valid"] == 2
    bucket = "padlock_check_duration_seconds_bucket"
    assert [found[bucket, end, "valid"] for end in ("0.1", "0.25", "0.5", "+Inf")] == [0, 1, 2, 2]
    assert [found[bucket, end, "unknown"] for end in ("10.0", "+Inf")] == [0, 1]
    assert found["padlock_check_duration_seconds_sum", "valid"] == pytest.approx(0.5)


@pytest.mark.usefixtures("open_here")
def test_each_name_is_there_once_for_a_client_that_has_it_twice(visit, app):
    check(app, VALID, TIMEOUT)
    odd = 'Bob "&" \\ Sons\n'
    with app.app_context(), writing():
        db.session.execute(update(Client).where(Client.name == "Bob & Sons").values(name=odd))
    assert not any("state" in name for name, *_ in numbers(visit))
    found = numbers(visit, "/metrics?names=1")
    ends = "padlock_certificate_not_after_timestamp_seconds"
    assert found[ends, "alice.example", "Alice’s Bakery"] == LEAF.not_after.timestamp()
    assert found["padlock_state", "alice.example", "Alice’s Bakery", "valid"] == 1
    assert found["padlock_state", "bob.example", odd, "unknown"] == 1
    assert (ends, "bob.example", odd) not in found


def test_dashboard_and_alert_rules_ask_for_metrics_that_there_are():
    known = {*HELP, "padlock_checks_total", "padlock_check_duration_seconds_bucket"}
    deploy = Path("deploy")
    rules = (deploy / "prometheus-alerts.yml").read_text()
    dashboard = json.loads((deploy / "grafana-dashboard.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    names = {*re.findall(r"\bpadlock_\w+", " ".join((rules, *asked)))}
    assert len(names) > 8
    assert names <= known


@needs_promtool
@pytest.mark.usefixtures("open_here")
def test_promtool_finds_nothing_to_mend(visit, app):
    check(app, VALID, TIMEOUT)
    text = visit().client.get("/metrics?names=1").data
    lint = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True)
    assert (lint.returncode, lint.stdout + lint.stderr) == (0, b"")
    rules = subprocess.run([PROMTOOL, "check", "rules", "deploy/prometheus-alerts.yml"])
    assert rules.returncode == 0
