"""Schemathesis against the running site, with every check and with sequences of requests: nothing
that is not in the description is answered, and nothing of another client.

SCHEMATHESIS_EXAMPLES=50 tries each operation so often, for as long as that takes.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.served import served
from webapp.customers import catalog
from webapp.customers.models import DomainStatus, ServiceStatus
from webapp.extensions import writing

CANARY = "canary-of-carol"
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "1")


class Quiet(WSGIRequestHandler):
    def log(self, *_):
        """Nothing: pytest shows what a test prints."""


@pytest.fixture
def canaries(app, now):
    """A client of whom no one of the cast but the provider's people may read a word."""
    with app.app_context(), writing():
        carol = catalog.add_client(f"{CANARY} Ltd", now)
        carol.reference = f"{CANARY}-1"
        carol.note = CANARY
        catalog.add_service(carol, f"{CANARY} Hosting", f"{CANARY}.example", ServiceStatus.ACTIVE)
        catalog.add_domain(carol, f"{CANARY}.example", DomainStatus.ACTIVE)


@pytest.mark.parametrize(
    ("who", "scope", "phases"),
    [
        ("ada", "write", "fuzzing,stateful"),
        ("alice", "write", "fuzzing"),  # may create nothing that a sequence could go on with
        ("sam", "read", "fuzzing"),
    ],
)
def test_schemathesis_finds_nothing(app, token_of, canaries, tmp_path, who, scope, phases):
    told = []
    answer = app.wsgi_app

    def listening(environ, start):
        for part in answer(environ, start):
            told.append(part)
            yield part

    app.wsgi_app = listening
    secret = token_of(who, scope)
    with served(make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)) as site:
        found = subprocess.run(
            [
                *(Path(sys.executable).parent / "schemathesis", "run"),
                f"http://127.0.0.1:{site.port}/api/v1/openapi.json",
                *("--header", f"Authorization: Bearer {secret}"),
                *("--checks", "all", "--max-examples", EXAMPLES, "--seed", "1"),
                *("--phases", phases),
                *("--generation-database", "none", "--continue-on-failure", "--no-color"),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
    assert found.returncode == 0, found.stdout[-20_000:] + found.stderr[-2000:]
    assert len(told) > 50
    if who == "alice":
        assert CANARY.encode() not in b"".join(told)
