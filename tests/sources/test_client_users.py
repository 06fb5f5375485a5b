"""Users for clients: only where an administrator wants them, one for an address."""

from datetime import UTC, datetime

from sqlalchemy import select

from tests.sources.conftest import clients
from webapp.accounts import sign_ins
from webapp.customers.models import Role, User
from webapp.extensions import db


def users():
    db.session.rollback()
    made = select(User).where(User.email.like("%@shop.example"))
    return {user.email: user for user in db.session.scalars(made)}


def test_clients_get_users_only_where_that_is_wanted(whmcs, add, run):
    whmcs.client(7, email="Ünsal@Shop.example", companyname="Carol's Shop")
    whmcs.client(8, email="ünsal@shop.example")  # the first client with an address has it
    whmcs.client(9, email="")
    source = add(whmcs)
    run(source)
    assert users() == {}
    source.add_users = True
    db.session.commit()
    run(source, preview=True)
    assert users() == {}
    run(source)
    (carol,) = users().values()
    assert (carol.name, carol.role, carol.client_id) == (
        *("Carol's Shop", Role.CLIENT),
        clients(source)["7"].id,
    )
    assert clients(source)["7"].user_count == 1
    assert sign_ins.authenticate("ünsal@shop.example", "") is None
    # Who was disabled or renamed here stays so
    carol.active, carol.name = False, "Carol"
    db.session.commit()
    run(source)
    assert (users()["ünsal@shop.example"].active, users()["ünsal@shop.example"].name) == (
        *(False, "Carol"),
    )


def test_the_address_of_an_administrator_stays_an_administrators(whmcs, add, run):
    ada = sign_ins.add_user("ada@shop.example", "Ada", None, datetime.now(UTC), role=Role.ADMIN)
    db.session.commit()
    whmcs.client(7, email="ada@shop.example")
    run(add(whmcs, add_users=True))
    assert users() == {"ada@shop.example": ada}
    assert (ada.role, ada.client_id) == (Role.ADMIN, None)
