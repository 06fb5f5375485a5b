"""The lists that Padlock exports are understood when they are imported, and change nothing."""

import csv
import io
from datetime import date

import pytest
from sqlalchemy import func, select

from tests.conftest import NOW
from webapp import csv_writer
from webapp.customers import catalog, tags
from webapp.customers.lists import ListQuery
from webapp.customers.models import Client, Domain, DomainStatus, Service, ServiceStatus, User
from webapp.extensions import db, writing
from webapp.renewer import Renewer
from webapp.reports import export


def exported(kind):
    """The file of this list, as staff download it."""
    if kind == "client":
        columns, rows = export.client_headings(), export.client_rows(ListQuery())
    else:
        ada = db.session.scalars(select(User).where(User.email == "ada@example.com")).one()
        columns = export.list_headings(ada, kind)
        rows = export.list_rows(ada, kind, ListQuery(), NOW)
    return "".join(csv_writer.lines(columns, rows))


def edited(text, column, of):
    """This file with another text in a column of the rows that `of` gives one for."""
    rows = list(csv.DictReader(io.StringIO(text.removeprefix(csv_writer.MARK))))
    for row in rows:
        row[column] = of.get(row.get("Name") or row.get("Product"), row[column])
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.fixture
def items(in_app):
    """Items with all that a list can hold of them, three of them at one name."""
    alice = db.session.get(Client, 1)
    with writing():
        db.session.add_all(
            Service(
                client=alice,
                product=product,
                domain="Shop.Example.com" if product != "=Backup" else "",
                target=catalog.target_of("shop.example.com") if product != "=Backup" else None,
                status=ServiceStatus.SUSPENDED,
                next_due_on=date(2027, 2, 1),
                server_address="192.0.2.7",
                who_renews=Renewer.CLIENT,
                reference=reference,
                note="-50 %, until\nMay",
            )
            for product, reference in (
                ("Mail", None),
                ("Web", None),
                ("+1 Web", "W-1"),
                ("=Backup", None),
            )
        )
        domain = Domain(
            client=alice,
            name="bücher.example",
            target=catalog.target_of("bücher.example"),
            status=DomainStatus.GRACE_PERIOD,
            registered_on=date(2019, 3, 1),
            expires_on=date(2027, 3, 1),
            note="@carol knows",
        )
        db.session.add(domain)
        db.session.flush()
        tags.replace_all(Domain, {domain.id: "Bäcker, VIP"})
    return domain


@pytest.mark.parametrize("kind", ["client", "service", "domain"])
def test_an_exported_list_changes_nothing(items, check, kind):
    checked, problems = check(exported(kind))
    assert [problem.text for problem in problems] == []
    assert checked.counts[kind]["same"] > 1
    assert not any(of["new"] or of["changed"] for of in checked.counts.values())


def test_who_renews_is_imported_and_an_empty_cell_clears_it(items, bring_in, check):
    file = exported("service")
    bring_in(edited(file, "Who renews", {"Web": "Provider", "Mail": ""}))
    found = db.session.execute(select(Service.product, Service.who_renews).where(Service.id > 2))
    assert dict(found.all()) == {
        "Mail": None,
        "Web": Renewer.PROVIDER,
        "+1 Web": Renewer.CLIENT,
        "=Backup": Renewer.CLIENT,
    }
    _, problems = check(edited(file, "Who renews", {"Web": "Bob"}))
    assert [problem.column for problem in problems] == ["who_renews"]


def test_an_edited_note_and_product_are_imported(items, bring_in):
    file = edited(exported("service"), "Note", {"Web": "Ask first", "Mail": ""})
    counts = bring_in(edited(file, "Product", {"Web": "Web XL"}))
    assert counts["service"]["changed"] == 2
    found = db.session.scalars(select(Service).where(Service.product == "Web XL")).one()
    assert (found.note, found.domain, found.version) == ("Ask first", "Shop.Example.com", 2)
    mail = db.session.scalars(select(Service).where(Service.product == "Mail")).one()
    assert mail.note is None


def test_a_reference_in_the_list_of_clients_goes_to_the_client_of_that_name(in_app, bring_in):
    with writing():
        for name in ("Carol Ltd", "Twin", "Twin"):
            db.session.add(Client(name=name, created_at=NOW))
    file = edited(exported("client"), "Reference", {"Carol Ltd": "C-7"})
    assert bring_in(file, skip_bad=True)["client"] == {"new": 0, "changed": 1, "same": 2}
    carol = db.session.scalars(select(Client).where(Client.name == "Carol Ltd")).one()
    assert (carol.reference, carol.version) == ("C-7", 2)
    # Which of the two is meant cannot be told
    head, *rows = edited(exported("client"), "Reference", {"Twin": "C-8"}).splitlines(True)
    one = next(row for row in rows if "Twin" in row)
    assert bring_in(head + one)["client"]["new"] == 1
    assert db.session.scalar(select(func.count()).where(Client.name == "Twin")) == 3
