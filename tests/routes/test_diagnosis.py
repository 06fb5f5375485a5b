"""The diagnosis page: run, streamed in, with and without JavaScript; and who sees what of it."""

import threading
from ipaddress import ip_network

import pytest

from tests.browser import looked_at
from tests.monitor.processes import wait_for
from webapp.customers import catalog
from webapp.customers.models import Client, Service, ServiceStatus
from webapp.extensions import db, writing
from webapp.jobs.models import Job
from webapp.monitor.diagnosis import diagnoses
from webapp.monitor.diagnosis.models import Diagnosis
from webapp.probe import Reason
from webapp.probe.diagnosis import diagnose
from webapp.probe.steps import NameUnderstood

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
RUN = "/probe/service/1/diagnosis"
PAGE = "/services/1/diagnosis"


def run(browser, app, path=RUN):
    """Presses the button, and waits until it is done; the page that it leads to."""
    answer = browser.post(path)
    assert answer.status_code == 303
    with app.app_context():
        wait_for(lambda: not waiting())
    return browser.get(answer.location)


def waiting():
    """How many jobs of diagnoses there are that have not failed."""
    db.session.rollback()
    return db.session.query(Job).filter_by(kind=diagnoses.KIND, failed_at=None).count()


@pytest.fixture
def held(monkeypatch):
    """Diagnoses that stop after their first step until this event is set."""
    held = threading.Event()

    def slowly(name, settings, server=None):
        for step in diagnose(name, settings, server):
            yield step
            if isinstance(step, NameUnderstood):
                assert held.wait(10)

    monkeypatch.setattr(diagnoses, "diagnose", slowly)
    yield held
    held.set()


def test_before_anybody_ran_it_there_is_an_offer(visit):
    page = visit("alice").get(PAGE)
    assert (
        page.find("button", string=lambda text: "Run diagnosis" in (text or ""))
        or "Run diagnosis" in page.text
    )
    assert page.select(".told") == []


def test_the_details_lead_to_it(visit):
    form = visit("alice").get("/services/1?tab=domain").select_one("#ssl form")
    assert form["action"] == RUN


def test_its_owner_reads_what_is_wrong_and_what_to_do(visit, app):
    page = run(visit("alice"), app)
    assert "Invalid: HTTPS is off" in page.select_one("#verdict").text
    assert "turn on HTTPS" in page.select_one(".diagnosis-verdict").text
    assert "Site: alice.example" in page.select_one("#support-text").text
    assert page.select_one("#transcript") is None
    assert page.select_one("[hx-get*=diagnosis]") is None


def test_staff_read_the_transcript_and_the_command(visit, app):
    page = run(visit("sam"), app, "/probe/domain/1/diagnosis")
    assert "curl: (7) Failed to connect" in page.select_one("#transcript").text
    assert "curl --max-time 10 -v https://alice.example" in page.select_one("#curl-command").text
    assert "firewall" in page.select_one(".diagnosis-verdict").text


def test_the_steps_stream_in(visit, app, held):
    alice = visit("alice")
    page = alice.get(alice.post(RUN).location)
    while not page.select(".told h3"):
        page = alice.get(PAGE)
    more = page.select_one("#diagnosis-more")
    assert more["hx-get"] == f"{RUN}?after=1"
    stale = alice.client.get(f"{RUN}?after=999")  # a step of a process that was killed
    assert stale.headers["HX-Refresh"] == "true"
    assert page.select_one("noscript meta[http-equiv=refresh]")
    held.set()
    steps = []
    while more:
        answer = alice.client.get(more["hx-get"])
        assert "HX-Refresh" not in answer.headers
        fragment = looked_at(answer)
        steps += fragment.select(".told h3")
        more = fragment.select_one("#diagnosis-more")
    assert [step.text for step in steps] == ["Where the name points", "Server 1"]
    assert fragment.select_one("hx-partial")["hx-target"] == "#diagnosis-outcome"
    assert "HTTPS is off" in fragment.select_one("#verdict").text


def test_a_second_viewer_joins_and_sees_it_in_their_own_words(visit, app, held):
    visit("alice").post(RUN)
    ada = visit("ada")
    ada.post("/probe/domain/1/diagnosis")
    held.set()
    page = run(ada, app, "/probe/domain/1/diagnosis")
    assert "port 1" in page.select_one(".told-steps").text
    with app.app_context():
        assert db.session.query(Diagnosis).count() == 1


def test_a_host_name_that_two_entered_in_other_words_is_diagnosed_once(visit, app, held):
    with app.app_context(), writing():
        db.session.get(Service, 1).domain = "https://alice.example/secret-shop"
    visit("alice").post(RUN)
    ada = visit("ada")
    ada.post("/probe/domain/1/diagnosis")
    held.set()
    of_domain = run(ada, app, "/probe/domain/1/diagnosis")
    with app.app_context():
        assert db.session.scalars(db.select(Diagnosis.name)).all() == ["alice.example"]
    # What stood beside the host name is told to who entered it
    assert "/secret-shop" in visit("alice").get(PAGE).select_one(".told-steps").text
    assert "secret" not in of_domain.text


def test_two_clients_with_one_host_name_read_only_what_they_entered(visit, app, held):
    with app.app_context(), writing():
        target = db.session.get(Service, 1).target
        db.session.get(Service, 1).domain = "https://alice.example/of-alice"
        theirs = {"client_id": 2, "product": "B", "status": ServiceStatus.ACTIVE}
        other = Service(domain="https://alice.example/of-bob", target=target, **theirs)
        db.session.add(other)
        db.session.flush()
        path = f"/probe/service/{other.id}/diagnosis"
    visit("alice").post(RUN)
    bob = visit("bob")
    bob.post(path)
    held.set()
    his = run(bob, app, path).text
    hers = visit("alice").get(PAGE).text
    assert "/of-bob" in his
    assert "of-alice" not in his
    assert "/of-alice" in hers
    assert "of-bob" not in hers


def test_a_long_name_at_another_port_is_diagnosed(visit, app):
    name = ".".join([*["ü" + "a" * 54] * 3, "b" * 55, "example"]) + ":8443"
    with app.app_context(), writing():
        client = db.session.get(Client, 1)
        item = catalog.add_service(client, "A", name, ServiceStatus.ACTIVE)
        db.session.flush()
        assert len(item.target.authority) > 255
        path = f"/probe/service/{item.id}/diagnosis"
    assert run(visit("alice"), app, path).select(".told-steps")


@pytest.mark.parametrize("after", ["-1", "x", "99999", "١", ""])
def test_any_number_of_a_step_is_answered(visit, app, after):
    run(visit("alice"), app)
    assert "HTTPS is off" in visit("alice").get(f"{RUN}?after={after}").text


@pytest.mark.parametrize("path", [PAGE, "/domains/1/diagnosis", RUN])
def test_a_stranger_gets_404(visit, app, path):
    run(visit("alice"), app)
    strange, missing = (visit("bob").get(each, 404) for each in (path, "/services/999/diagnosis"))
    assert strange.select_one(".empty") == missing.select_one(".empty") is not None
    assert visit("bob").post(RUN).status_code == 404


def test_a_blocked_address_is_not_printed_to_clients(visit, app):
    app.config["PADLOCK_CONNECT_TO"] = (("*", "10.1.2.3", 443),)
    page = run(visit("alice"), app)
    assert "Points to a private address" in page.select_one("#verdict").text
    assert "10.1.2.3" not in str(page)
    assert "10.1.2.3" in str(visit("ada").get("/admin/services/1/diagnosis"))


@pytest.mark.parametrize(
    "labels", [("expired",), ("ok", "expired"), ("second-other-key",), ("silent",)]
)
def test_clients_never_read_where_a_setting_leads(visit, app, lab, labels):
    """A CDN's customers must not read its origin: not on any page, in any fragment, or in the text
    to copy."""
    cases = [lab.cases[f"{label}.lab.example"] for label in labels]
    there = tuple(("*", *address) for case in cases for address in case.addresses)
    app.config.update(
        PADLOCK_CONNECT_TO=there, PADLOCK_CA_BUNDLE=lab.ca_bundle, PADLOCK_ALLOWED_NETWORKS=LOOPBACK
    )
    alice = visit("alice")
    ada = visit("ada")
    run(alice, app)
    assert alice.post("/probe/service/1/check").status_code in (200, 303)
    paths = (
        "/",
        "/services",
        "/services/1",
        "/services/1?tab=domain",
        PAGE,
        RUN,
        "/probe/service/1",
        "/probe/service/1/details",
    )
    read = "".join(alice.client.get(path, follow_redirects=True).text for path in paths)
    assert "What to send the hosting provider" in read
    for address, port in {entry[1:] for entry in there}:
        assert address not in read
        assert f"port {port}" not in read
        assert f":{port}" not in read
        assert f"{address} port {port}" in ada.get("/admin/services/1/diagnosis").text
    assert "connect-to" not in read.lower()


def test_an_inactive_item_is_not_asked(visit, app):
    with app.app_context(), writing():
        db.session.execute(db.update(Service).values(status=ServiceStatus.TERMINATED))
    page = run_inactive = visit("alice").post(RUN)
    page = visit("alice").get(run_inactive.location)
    assert "it is not checked" in page.main.text
    assert page.main.find("button") is None
    with app.app_context():
        assert db.session.query(Diagnosis).count() == 0


def test_what_is_no_host_name_is_told(visit, app):
    with app.app_context(), writing():
        db.session.execute(db.update(Service).values(domain="see <b>ticket</b>", target_id=None))
    page = run(visit("alice"), app)
    assert "Not a valid host name" in page.select_one("#verdict").text
    assert "see <b>ticket</b>" in page.text


def test_too_many_in_a_row_have_to_wait(visit, app):
    alice = visit("alice")
    answers = [alice.post(RUN).status_code for _ in range(11)]
    assert answers == [303] * 10 + [429]
    assert visit("bob").post("/probe/service/2/diagnosis").status_code == 303


def test_where_there_is_no_room_the_page_says_so(visit, app, held, monkeypatch):
    monkeypatch.setattr(diagnoses, "MOST_OF_VIEWER", 0)
    alice = visit("alice")
    assert "Try again in a minute" in alice.get(alice.post(RUN).location).text


def test_a_failure_of_ours_is_told_as_ours(visit, app, monkeypatch):
    def broken(name, settings, server=None):
        raise RuntimeError("ours")
        yield

    monkeypatch.setattr(diagnoses, "diagnose", broken)
    assert "failed on our side" in run(visit("alice"), app).main.text


def test_the_answer_is_what_the_padlock_shows(visit, app):
    run(visit("alice"), app)
    assert (
        visit("alice").get("/services").select_one(".padlock-cell")["data-state"]
        == Reason.REFUSED.state
    )


def test_an_admin_gives_a_service_its_server(visit, app):
    ada = visit("ada")
    form = {
        "version": "1",
        "product": "Starter Hosting",
        "domain": "alice.example",
        "status": "Active",
    }
    bad = ada.post("/admin/services/1/edit", form | {"server_address": "web1"})
    assert (bad.status_code, "Enter an IP address" in looked_at(bad).text) == (422, True)
    assert (
        ada.post("/admin/services/1/edit", form | {"server_address": " 127.0.0.1 "}).status_code
        == 303
    )
    page = run(ada, app)
    assert "Points to our server" in page.select_one(".told-steps").text
    assert "Points to our server" in ada.get("/admin/services/1").text
