"""Where a service's name leads, seen from its server: remembered, forgotten, filtered by,
imported."""

import pytest

from webapp.customers import item_diagnosis, items, lists
from webapp.customers.models import Service, ServiceStatus, User
from webapp.extensions import db, writing
from webapp.imports import importer
from webapp.probe.steps import Origin

SERVER = "192.0.2.1"


def user(name):
    return db.session.scalars(db.select(User).filter_by(email=f"{name}@example.com")).one()


def remember(server, target_id):
    with writing():
        told = {"server": server, "target": target_id}
        item_diagnosis._remember(told, Origin.ELSEWHERE)
    db.session.expire_all()


def service():
    return db.session.get_one(Service, 1)


@pytest.fixture
def led_home(in_app):
    """Alice's service has a server, and its name leads there."""
    with writing():
        service().server_address = SERVER
        service().origin = Origin.HERE


def change(now, **changed):
    before = service()
    facts = {
        "product": before.product,
        "domain": before.domain,
        "server_address": before.server_address,
    } | changed
    details = items.ServiceDetails(status=ServiceStatus.ACTIVE, **facts)
    items.change(user("ada"), "service", 1, before.version, details, now)


@pytest.mark.usefixtures("led_home")
def test_what_is_found_is_remembered_without_a_new_version():
    version = service().version
    remember(SERVER, service().target_id)
    assert (service().origin, service().version) == (Origin.ELSEWHERE, version)


@pytest.mark.usefixtures("led_home")
def test_all_services_of_this_name_and_this_server_remember_it():
    with writing():
        same = {"target_id": service().target_id, "server_address": SERVER}
        db.session.add(
            Service(
                client_id=2, product="B", domain="https://alice.example/b", status="Active", **same
            )
        )
    remember(SERVER, service().target_id)
    found = db.session.scalars(db.select(Service.origin).filter_by(server_address=SERVER)).all()
    assert found == [Origin.ELSEWHERE, Origin.ELSEWHERE]


@pytest.mark.usefixtures("led_home")
def test_what_is_found_about_another_server_or_name_is_dropped():
    remember("192.0.2.2", service().target_id)
    remember(SERVER, 999)
    assert service().origin is Origin.HERE


@pytest.mark.usefixtures("led_home")
@pytest.mark.parametrize(
    ("changed", "origin"),
    [
        ({"product": "Bigger Hosting"}, Origin.HERE),
        ({"server_address": "192.0.2.2"}, None),
        ({"domain": "other.example"}, None),
    ],
)
def test_another_server_or_name_is_asked_anew(now, changed, origin):
    change(now, **changed)
    assert service().origin is origin


@pytest.mark.usefixtures("led_home")
def test_services_are_filtered_by_where_they_lead(now):
    listing = lists.list_services(user("ada"), lists.ListQuery(origin="here"), now)
    assert ([row.id for row in listing.rows], listing.filters["origin"]) == ([1], "here")
    assert lists.list_services(user("ada"), lists.ListQuery(origin="elsewhere"), now).total == 0
    unknown = lists.list_services(user("ada"), lists.ListQuery(origin="x' OR 1"), now)
    assert (unknown.total, "origin" in unknown.filters) == (2, False)


@pytest.mark.usefixtures("led_home")
def test_clients_do_not_filter_by_it(now):
    listing = lists.list_services(user("alice"), lists.ListQuery(origin="elsewhere"), now)
    assert (listing.total, listing.origins) == (1, {})


@pytest.fixture
def bring_in(in_app, tmp_path, now):
    def bring_in(*lines):
        source = tmp_path / "file.csv"
        staged = tmp_path / "rows"
        source.write_text(
            "\n".join(["kind,client,client_name,reference,product,domain,status,server", *lines])
        )
        checked = importer.check(source, staged, lambda *_: None)
        if not checked.problems:
            importer.write(staged, None, "file.csv", now, lambda *_: None)
        return checked

    return bring_in


def test_an_import_brings_the_server_along(bring_in):
    client = "client,1,Carol,,,,,"
    named = "service,1,,S-1,Hosting,carol.example,Active,2001:DB8:0::1"
    assert not bring_in(client, named).problems
    carol = db.session.scalars(db.select(Service).filter_by(reference="S-1")).one()
    assert carol.server_address == "2001:db8::1"
    with writing():
        carol.origin = Origin.HERE
    bring_in(client, named.replace("Hosting", "Better Hosting"))
    assert carol.origin is Origin.HERE
    bring_in(client, named.replace("::1", "::2"))
    assert (carol.server_address, carol.origin) == ("2001:db8::2", None)


@pytest.mark.parametrize("text", ["web1.example", "10.0.0", "fe80::1%eth0"])
def test_what_is_no_address_is_a_problem_of_its_row(bring_in, text):
    assert (
        bring_in("client,1,Carol,,,,,", f"service,1,,S-1,Hosting,a.example,Active,{text}").problems
        == 1
    )
