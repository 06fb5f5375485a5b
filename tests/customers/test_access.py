import pytest
from sqlalchemy.exc import IntegrityError

from webapp.customers import access
from webapp.customers.models import Client, Domain, Role, Service, User
from webapp.errors import NotFound
from webapp.extensions import db, writing
from webapp.parsing import LARGEST


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
def test_a_stranger_is_told_the_same_as_for_a_missing_id(in_app, model):
    mine = db.session.scalar(db.select(model).where(model.client_id == user("alice").client_id))
    assert access.require_item(user("alice"), model.kind, mine.id) is mine
    assert access.require_item(user("ada"), model.kind, mine.id) is mine
    with pytest.raises(NotFound) as strange:
        access.require_item(user("bob"), model.kind, mine.id)
    with pytest.raises(NotFound) as missing:
        access.require_item(user("bob"), model.kind, LARGEST)
    assert str(strange.value) == str(missing.value)


def test_an_item_that_is_moved_is_at_once_the_other_clients_only(in_app):
    with writing():
        service = db.session.scalar(access.services_for(user("alice")))
        service.client = user("bob").client
    assert names(access.services_for(user("alice"))) == []
    assert names(access.services_for(user("bob"))) == ["alice.example", "bob.example"]


@pytest.mark.parametrize("model", [Service, Domain, User])
def test_no_item_outlives_its_client(in_app, model):
    alices = db.session.scalar(db.select(Client).where(Client.id == user("alice").client_id))
    with writing():
        for other in {Service, Domain, User} - {model}:
            db.session.execute(db.delete(other).where(other.client_id == alices.id))
    with pytest.raises(IntegrityError), writing():
        db.session.execute(db.delete(Client).where(Client.id == alices.id))
    assert db.session.get(Client, alices.id)
