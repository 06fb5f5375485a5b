"""WHMCS is read as its documentation says it answers, with what goes wrong there."""

from tests.sources.conftest import clients, counts, domains, services
from tests.sources.panels import PLANTED, Answer, as_json, page
from webapp.extensions import db, writing
from webapp.sources.models import Source


def test_clients_services_and_domains_come_in_and_stay_the_same(whmcs, add, run):
    source = add(whmcs)
    first = run(source)
    assert (first.stopped, first.problems) == (None, [])
    assert counts(first) == {"client added": 2, "service added": 2, "domain added": 2}
    alice, bob = clients(source)["1"], clients(source)["2"]
    assert (alice.name, bob.name) == ("Alice Baker", "Bob & Sons")
    service = services(source)["11"]
    assert (service.product, service.domain, service.server_address) == (
        "R&D Hosting",
        "alice.example",
        "192.0.2.10",
    )
    assert service.client is alice
    assert str(domains(source)["22"].expires_on) == "2027-01-31"
    second = run(source)
    assert (counts(second), second.counts["service"]["same"]) == ({}, 2)
    assert counts(run(source, preview=True)) == {}


def test_what_changes_there_changes_here(whmcs, add, run):
    source = add(whmcs)
    run(source)
    whmcs.clients[0] |= {"companyname": "Alice &amp; Co"}
    whmcs.services[0] |= {"domain": "new.example", "status": "Suspended", "clientid": "2"}
    whmcs.domains[0] |= {"domainname": "bob.example"}
    whmcs.domains[1] |= {"domainname": "alice.example", "userid": 1, "status": "Grace"}
    assert counts(run(source)) == {"client changed": 1, "service changed": 1, "domain changed": 2}
    assert clients(source)["1"].name == "Alice & Co"
    moved = services(source)["11"]
    assert (moved.domain, moved.status, moved.client.source_key) == (
        "new.example",
        "Suspended",
        "2",
    )
    assert domains(source)["21"].name == "bob.example"
    assert (domains(source)["22"].name, domains(source)["22"].status) == (
        "alice.example",
        "Grace Period",
    )
    assert counts(run(source)) == {}


def test_bad_rows_are_told_by_id_and_left_as_they_are(whmcs, add, run):
    source = add(whmcs)
    run(source)
    whmcs.services[0] |= {"status": "Sleeping", "domain": "other.example"}
    whmcs.domains[1] |= {"domainname": "x" * 300}
    whmcs.service(13, 77, "nobody.example")
    whmcs.service("", 1, "no-id.example")
    whmcs.client(5, companyname="y" * 300)
    whmcs.services.append("not a record")
    whmcs.service(14, 1, "good.example", serverip="not an address")
    found = run(source)
    assert counts(found) == {"service added": 1}
    told = {(one.row, one.field) for one in found.problems if one.serious}
    assert told == {
        ("service 11", "status"),
        ("domain 22", "domain"),
        ("service 13", "client"),
        ("service without ID", "id"),
        ("service without ID", ""),
        ("client 5", "client_name"),
    }
    assert [one.row for one in found.problems if not one.serious] == ["service 14"]
    assert services(source)["11"].domain == "alice.example"


def test_every_way_to_say_nothing_and_every_way_to_write_a_list(whmcs, add, run):
    source = add(whmcs)
    flat = {}
    for number, row in enumerate(whmcs.domains):
        flat |= {f"domains[domain][{number}][{name}]": value for name, value in row.items()}
    nothing = iter(("", [], {"domain": []}, {}, None))

    def answer(asked):
        action, start = asked.fields["action"], int(asked.fields.get("limitstart", 0))
        if action == "GetClientsDomains" and start == 0:
            return as_json({"result": "success", "numreturned": "2", **flat})
        if action == "GetClientsDomains":
            return as_json({"result": "success", "totalresults": 7, "domains": next(nothing)})
        return None

    whmcs.trap = answer
    assert counts(run(source))["domain added"] == 2
    for _ in range(4):
        again = run(source)
        assert (again.stopped, counts(again)) == (None, {})


def test_a_record_on_two_pages_counts_once(whmcs, add, run):
    whmcs.most = 3
    for number in range(30, 40):
        whmcs.service(number, 1, f"s{number}.example")
    whmcs.services.insert(4, dict(whmcs.services[2]))
    found = run(add(whmcs))
    assert (found.problems, counts(found)["service added"]) == ([], 12)


def test_other_products_are_taken_and_not_watched(whmcs, add, run):
    whmcs.services[0]["pid"] = 9
    whmcs.services[1] |= {"nextduedate": "0000-00-00", "dedicatedip": "198.51.100.7"}
    source = add(whmcs)
    run(source)
    other, usual = services(source)["11"], services(source)["12"]
    assert (other.watched, other.active, usual.active) == (False, False, True)
    assert (usual.next_due_on, usual.server_address) == (None, "198.51.100.7")
    with writing():
        db.session.get(Source, source.id).watch_other = True
    assert counts(run(source)) == {"service changed": 1}


def test_the_living_one_of_two_records_of_a_name_counts(whmcs, add, run):
    source = add(whmcs)
    whmcs.domains[0]["status"] = "Cancelled"
    whmcs.domain(30, 1, "alice.example")
    found = run(source)
    assert counts(found)["domain added"] == 2
    assert [(one.row, one.serious) for one in found.problems] == [("domain 21", False)]
    whmcs.domains[2]["status"] = "Cancelled"
    whmcs.domain(31, 1, "ALICE.example")
    assert counts(run(source)) == {"domain changed": 1}
    assert domains(source)["31"].status == "Active"
    assert counts(run(source)) == {}


def test_of_two_items_that_got_one_name_only_the_living_one_goes_on(whmcs, add, run):
    for number in range(30, 40):
        whmcs.domain(number, 2, f"d{number}.example")
    source = add(whmcs)
    run(source)
    whmcs.domains[0] |= {"userid": 2, "domainname": "BOB.example"}  # the clients were merged
    found = run(source)
    assert (counts(found), len(found.problems)) == ({"domain gone": 1}, 1)
    assert (domains(source)["21"].status, domains(source)["22"].status) == ("Cancelled", "Active")
    assert counts(run(source)) == {}
    whmcs.domains[0]["domainname"] = "alice.example"
    assert counts(run(source)) == {"domain changed": 1}
    assert (domains(source)["21"].status, domains(source)["21"].client.name) == (
        *("Active", "Bob & Sons"),
    )


def test_two_clients_may_own_one_name(whmcs, add, run):
    whmcs.domain(30, 2, "alice.example")
    assert counts(run(add(whmcs)))["domain added"] == 3


def test_what_goes_wrong_stops_the_run_and_writes_nothing(whmcs, add, run):
    source = add(whmcs)
    planted = PLANTED.encode()
    cases = {
        "web page": page(),
        "valid JSON": Answer(b'{"result": "success", ' + planted),
        "status 500": as_json({"oops": PLANTED}, 500),
        "not answer as WHMCS": as_json({"data": [PLANTED]}),
        "reports an error": as_json({"result": "error", "message": PLANTED}),
        "in the middle": Answer(b'{"result": "success"}', cut=True),
        "no list": as_json({"result": "success", "domains": PLANTED}),
        "where one belongs": as_json({"result": "success", "domains": {"domain": PLANTED}}),
        "203.0.113.7": as_json({"result": "error", "message": "Invalid IP 203.0.113.7"}, 403),
        "2001:db8::7": as_json({"result": "error", "message": "Invalid IP 2001:db8::7"}),
        "lack a permission: GetClientsDomains": as_json(
            {
                "result": "error",
                "message": 'Invalid Permissions: API action "getclientsdomains" is not allowed',
            }
        ),
        "the credentials": as_json({"result": "error", "message": "Authentication Failed"}, 401),
        "be read": Answer(b"[" * 100_000),
        "of an answer": Answer(b'{"result": "success"', cut=True),
        "wait for 61 seconds": Answer(status=429, headers={"Retry-After": "61"}),
        "again and again": as_json(
            {"result": "success", "domains": {"domain": [{"id": 1, "userid": 1}]}}
        ),
    }
    for words, answer in cases.items():
        whmcs.trap = lambda asked, answer=answer: (
            answer if asked.fields["action"] == "GetClientsDomains" else None
        )
        found = run(source)
        assert words in found.stopped
        assert PLANTED not in found.stopped
        assert (counts(found), clients(source)) == ({}, {})


def test_the_panel_may_ask_to_wait(whmcs, add, run):
    whmcs.trap = lambda asked: (
        Answer(status=429, headers={"Retry-After": "0"}) if asked.call % 2 else None
    )
    assert run(add(whmcs)).stopped is None
