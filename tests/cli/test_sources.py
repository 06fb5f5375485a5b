"""`flask sources`, as its users run it."""

import json

import pytest

from tests.sources.conftest import credentials, flask  # noqa: F401 - fixtures
from tests.sources.panels import PLANTED, SECRET, Whmcs

KEYS = {"source", "complete", "stopped", "clients", "services", "domains", "problems"}


@pytest.fixture
def whmcs():
    with Whmcs().cast().running() as panel:
        yield panel


def test_a_source_is_added_previewed_synced_and_removed(flask, credentials, whmcs):  # noqa: F811
    url = f"{whmcs.url}/billing"
    file = credentials(whmcs.credentials)
    added = flask("add", "billing", "--kind", "whmcs", "--url", url, "--credentials", file)
    assert (added.returncode, added.stderr) == (0, "")
    assert url in flask("list").stdout
    for arguments, code in ((("--preview",), 0), ((), 0), ((), 0)):
        ran = flask("sync", "billing", "--json", *arguments)
        assert (ran.returncode, ran.stderr) == (code, "")
        summary = json.loads(ran.stdout)
        assert summary.keys() == KEYS
        assert (summary["complete"], summary["stopped"]) == (True, None)
    assert summary["services"] == {"added": 0, "changed": 0, "gone": 0, "same": 2}
    whmcs.services[0]["status"] = "Nonsense"
    told = flask("sync", "billing")
    assert told.stderr == "service 11, status: “Nonsense” is not a known status.\n"
    whmcs.credentials.clear()
    whmcs.trap = lambda asked: whmcs.refuse()
    stopped = flask("sync", "billing", "--json")
    assert stopped.returncode == 1
    assert "credentials" in json.loads(stopped.stdout)["stopped"]
    assert "credentials" in flask("list").stdout, "why it stopped"
    for ran in (added, told, stopped, flask("list", "--json")):
        assert SECRET not in ran.stdout + ran.stderr
        assert PLANTED not in ran.stdout + ran.stderr
    assert flask("change", "billing", "--url", "https://other.example").returncode == 2
    assert flask("change", "billing", "--gone-limit", "50").returncode == 0
    assert flask("pause", "billing").returncode == 0
    assert json.loads(flask("list", "--json").stdout)[0]["state"] == "paused"
    assert flask("remove", "billing").returncode == 0
    assert flask("sync", "billing").returncode == 2


def test_wrong_usage_is_told(flask, credentials):  # noqa: F811
    good = {"identifier": "a", "secret": "b"}

    def add(found, url="https://billing.example", kind="whmcs"):
        file = credentials(found)
        ran = flask("add", "one", "--kind", kind, "--url", url, "--credentials", file)
        assert SECRET not in ran.stderr
        return ran.returncode

    assert add(good, "http://billing.example") == 2
    assert add({"identifier": "a"}) == 2
    assert add({**good, "token": SECRET}) == 2
    assert add([SECRET]) == 2
    assert add({**good, "secret": 7}) == 2
    assert add(good, kind="other") == 2
    assert add(good) == 0
    assert add(good) == 2, "the name is taken"
