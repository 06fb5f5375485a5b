"""Every operation, asked for what is another client's: nothing is told, and nothing changes."""

import re

import pytest
from sqlalchemy import select

from tests.api.test_gate import bearer
from webapp.customers import catalog, public_links
from webapp.customers.link_models import LinkUse
from webapp.customers.models import DomainStatus, ServiceStatus
from webapp.extensions import db, writing

CANARY = "canary-of-carol"
OWN = {"note": "x", "until": None, "items": ["service-3", "domain-3"], "product": "x"}
BY_STAFF = {
    *("start_check", "check_service", "check_domain"),
    *("start_service_diagnosis", "start_domain_diagnosis"),
    *("note_service", "note_domain", "mute_service", "mute_domain"),
    *("unmute_service", "unmute_domain", "acknowledge_service", "acknowledge_domain"),
}


@pytest.fixture
def carol(app, now):
    """A client whose id is 3, and so are those of a service, a domain and a link."""
    with app.app_context():
        with writing():
            carol = catalog.add_client(f"{CANARY} Ltd", now)
            carol.reference = carol.note = f"{CANARY}-1"
            own = (f"{CANARY} Hosting", f"{CANARY}.example", ServiceStatus.ACTIVE)
            service = catalog.add_service(carol, *own)
            service.reference = f"{CANARY}-2"
            domain = catalog.add_domain(carol, f"{CANARY}.example", DomainStatus.ACTIVE)
        public_links.create(None, 3, LinkUse.PAGE, now, None)
        assert (carol.id, service.id, domain.id) == (3, 3, 3)


def everything(app):
    """All that is stored, but when tokens were used and what the site does by itself."""
    with app.app_context():
        return {
            table.name: db.session.execute(select(table)).all()
            for table in db.metadata.sorted_tables
            if table.name not in ("token", "check_request", "scheduler_beat")
        }


def operations(app):
    """Each operation on what is carol's: its name, its method, its address and a body."""
    described = app.test_client().get("/api/v1/openapi.json").json
    schemas = described["components"]["schemas"]
    references = {"clients": f"{CANARY}-1", "services": f"{CANARY}-2"}
    for path, methods in described["paths"].items():
        kind = path.split("/")[3]
        path = path.replace("{reference}", references.get(kind, ""))
        path = path.replace("{name}", f"{CANARY}.example").replace("{link_id}", "1")
        path = re.sub(r"\{\w+\}", "3", path)
        for method, one in methods.items():
            if "operationId" in one:
                body = None
                if "requestBody" in one:
                    content = one["requestBody"]["content"]["application/json"]["schema"]
                    wanted = schemas[content["$ref"].rpartition("/")[2]].get("required", ())
                    own = OWN | {"client": f"{CANARY} Ltd", "name": f"{CANARY} Ltd"}
                    body = {name: own[name] for name in wanted}
                yield one["operationId"], method.upper(), path, body


def answers(app, secret):
    """What each operation answers to this token."""
    client = app.test_client(use_cookies=False)
    for name, method, path, body in operations(app):
        answer = client.open(path, method=method, json=body, headers=bearer(secret))
        assert answer.status_code not in (400, 415, 422, 500), (name, answer.text)
        yield name, method, answer


def test_a_clients_token_reaches_nothing_of_another_client(app, token_of, carol):
    secret = token_of("alice", "write")
    before = everything(app)
    for name, method, answer in answers(app, secret):
        if answer.status_code < 300:
            assert method == "GET" or name == "start_check", name
        if name == "start_check":
            assert {item["progress"] for item in answer.json["items"]} == {"skipped"}
        assert CANARY not in answer.text, name
    assert everything(app) == before


def test_a_clients_token_can_not_tell_which_clients_there_are(program, carol):
    call = program("alice", "write")
    for there, not_there in ((f"{CANARY} Ltd", "Nobody Ltd"), ("#3", "#99")):
        for client in (there, not_there):
            call("POST", "/services/1/move", {"client": client}, 403)
            call("POST", "/domains/1/move", {"client": client}, 403)
            call("PATCH", "/services/1", {"client": client}, 403)
            body = {"client": client, "product": "x"}
            call("PUT", "/services/by-reference/S-1", body, 403)
    for client_id in (3, 99):
        call("PUT", f"/clients/{client_id}/domains/x.example", {}, 403)
        call("GET", f"/clients/{client_id}", status=403)
        call("GET", f"/clients/{client_id}/links", status=403)


def test_a_token_of_staff_changes_what_staff_may(app, token_of, carol):
    secret = token_of("sam", "write")
    done = {
        name
        for name, method, answer in answers(app, secret)
        if method != "GET" and answer.status_code < 300
    }
    assert done == BY_STAFF


@pytest.mark.parametrize("who", ["ada", "sam", "alice"])
def test_a_token_that_reads_changes_nothing(app, token_of, carol, who):
    secret = token_of(who, "read")
    before = everything(app)
    for name, method, answer in answers(app, secret):
        assert method == "GET" or answer.status_code == 403, name
    assert everything(app) == before


def test_a_token_for_metrics_reads_nothing(app, token_of, carol):
    secret = token_of("ada", "metrics")
    assert {answer.status_code for _, _, answer in answers(app, secret)} == {403}
