"""Sources, read by an administrator's program."""

from tests.monitor.processes import wait_for
from tests.sources.conftest import whmcs as whmcs
from tests.sources.panels import PLANTED, SECRET
from webapp.sources import registry

NONE_YET = {"run": None, "last_sync": None, "last_preview": None, "last_test": None}


def test_a_source_is_read_and_how_that_ended_is_told(app, program, whmcs, now, tmp_path):
    app.instance_path = str(tmp_path / "instance")
    url = f"{whmcs.url}/billing"
    with app.app_context():
        registry.add(None, registry.Settings("billing", "whmcs", url, whmcs.credentials), now)
    call = program("ada", "write")
    (listed,) = call("GET", "/sources").json["items"]
    assert listed.items() >= {"name": "billing", "url": url, **NONE_YET}.items()

    def run(asked):
        started = call("POST", "/sources/1/run", asked, 202).json["run"]
        assert started is None or started["mode"] == "preview"  # it may have ended by then
        wait_for(lambda: call("GET", "/sources/1").json["run"] is None)
        answer = call("GET", "/sources/1")
        assert SECRET not in answer.text
        assert PLANTED not in answer.text
        return answer.json

    preview = run({})["last_preview"]  # the first sync has to be agreed to
    assert (preview["who"], preview["stopped"], preview["problems"]) == ("ada@example.com", None, 0)
    assert preview["counts"]["client"] == {"added": 2, "changed": 0, "gone": 0, "same": 0}
    whmcs.trap = lambda _: whmcs.refuse()
    assert "does not accept the credentials" in run({"mode": "preview"})["last_preview"]["stopped"]
    call("POST", "/sources/1/run", {"mode": "test"}, 202)
    wait_for(lambda: call("GET", "/sources/1").json["run"] is None)
    assert "credentials" in call("GET", "/sources/1").json["last_test"]["stopped"]
    call("POST", "/sources/2/run", {}, 404)
    call("POST", "/sources/1/run", {"mode": "soon"}, 422)


def test_sources_are_for_administrators(program):
    for name in ("alice", "sam"):
        call = program(name, "write")
        for method, path in (("GET", ""), ("GET", "/1"), ("POST", "/1/run")):
            call(method, f"/sources{path}", {} if method == "POST" else None, 403)
