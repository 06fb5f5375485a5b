import pytest
from werkzeug.exceptions import NotFound

from webapp.customers import access
from webapp.customers.models import Domain, Role, Service, User
from webapp.extensions import db


def user(name):
    return db.session.scalar(db.select(User).filter_by(email=f"{name}@example.com"))


def names(statement):
    return sorted(item.shown_name for item in db.session.scalars(statement))


@pytest.mark.parametrize("statement_for", [access.services_for, access.domains_for])
def test_a_client_sees_their_own_and_an_admin_sees_all(in_app, statement_for):
    assert names(statement_for(user("alice"))) == ["alice.example"]
    assert names(statement_for(user("bob"))) == ["bob.example"]
    assert names(statement_for(user("ada"))) == ["alice.example", "bob.example"]


def test_a_user_without_client_sees_nothing(in_app):
    nobody = User(email="n@example.com", name="N", role=Role.CLIENT, client_id=None)
    assert names(access.services_for(nobody)) == []
    assert names(access.domains_for(nobody)) == []


@pytest.mark.parametrize("model", [Service, Domain])
def test_stranger_gets_404_like_for_a_missing_id(in_app, model):
    mine = db.session.scalar(db.select(model).where(model.client_id == user("alice").client_id))
    assert access.item_or_404(user("alice"), model.kind, mine.id) is mine
    assert access.item_or_404(user("ada"), model.kind, mine.id) is mine
    with pytest.raises(NotFound) as strange:
        access.item_or_404(user("bob"), model.kind, mine.id)
    with pytest.raises(NotFound) as missing:
        access.item_or_404(user("bob"), model.kind, 2**63 - 1)
    assert str(strange.value) == str(missing.value)
