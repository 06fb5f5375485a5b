"""What a source says of an item gives way at the next sync, and a page says so before."""

from datetime import UTC, datetime

from sqlalchemy import select

from tests.sources.conftest import clients, domains, services
from webapp.customers import items
from webapp.customers.clients import ClientDetails, change
from webapp.customers.models import Client, ServiceStatus, User
from webapp.extensions import db
from webapp.sources.owned import origin_of


def test_what_is_changed_by_hand_is_told_until_the_next_sync(whmcs, add, run):
    source = add(whmcs)
    run(source)
    ada = db.session.scalar(select(User).filter_by(email="ada@example.com"))
    service, client = services(source)["11"], clients(source)["1"]
    assert origin_of(service).by_hand == []
    details = items.ServiceDetails(
        "By hand", "alice.example", ServiceStatus.ACTIVE, reference="mine", server_address=None
    )
    items.change(ada, "service", service.id, service.version, details, datetime.now(UTC))
    change(ada, client.id, client.version, ClientDetails("By hand"), datetime.now(UTC))
    mine = select(Client.id).where(Client.source_id.is_(None)).order_by(Client.id.desc()).limit(1)
    domain = domains(source)["21"]
    to = db.session.scalar(mine)
    items.move(ada, "domain", domain.id, domain.version, to, datetime.now(UTC))
    found = origin_of(services(source)["11"])
    assert found.source.name == "billing"
    assert found.by_hand == ["product", "next due", "server"], "no reference: that stays"
    assert origin_of(clients(source)["1"]).by_hand == ["name", "contact e-mail"]
    assert origin_of(domains(source)["21"]).by_hand == ["client"]
    run(source)
    for row in (services(source)["11"], clients(source)["1"], domains(source)["21"]):
        assert origin_of(row).by_hand == []
    assert origin_of(db.session.get(Client, to)) is None
