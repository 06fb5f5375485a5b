import threading
from datetime import timedelta

import pytest

from tests.conftest import NOW, PASSWORD
from webapp.accounts import first_admin, password_hashes, profile, sign_ins, users
from webapp.accounts.models import SignIn
from webapp.customers.models import Role, User
from webapp.errors import NotAllowed, Refused
from webapp.extensions import db, writing


def alice():
    return db.session.scalar(db.select(User).filter_by(email="alice@example.com"))


@pytest.fixture
def empty(in_app):
    """No user at all."""
    with writing():
        db.session.execute(db.delete(User))


def test_the_right_password_opens(in_app):
    assert sign_ins.authenticate(" Alice@Example.COM ", PASSWORD).name == "Alice Baker"


@pytest.mark.parametrize(
    "password", ["", "wrong", PASSWORD.upper(), PASSWORD + " ", "\U0001f512" * 100]
)
def test_a_wrong_password_does_not(in_app, password):
    assert sign_ins.authenticate("alice@example.com", password) is None


def test_an_unknown_address_costs_as_much_as_a_wrong_password(in_app, monkeypatch):
    verified = []
    monkeypatch.setattr(sign_ins, "verify", lambda password_hash, _: verified.append(password_hash))
    assert (
        sign_ins.authenticate("nobody@example.com", "x")
        is sign_ins.authenticate("alice@example.com", "x")
        is None
    )
    assert [text.split("$")[:4] for text in verified] == [alice().password_hash.split("$")[:4]] * 2


@pytest.mark.parametrize(
    "meanwhile",
    [
        db.update(User).values(
            password_hash=password_hashes.hash_password("another horse battery")
        ),
        db.update(User).values(active=False),
        db.delete(User),
    ],
)
def test_a_password_that_was_right_a_moment_ago_opens_nothing(in_app, meanwhile):
    user = sign_ins.authenticate("alice@example.com", PASSWORD)
    with db.engine.begin() as another:
        another.execute(meanwhile)
    assert sign_ins.sign_in(user, NOW) is None
    assert db.session.scalars(db.select(SignIn)).all() == []


def test_the_old_password_changes_no_address_once_it_is_changed(in_app, monkeypatch):
    def knows(user, password, knows=password_hashes.knows_password):
        with db.engine.begin() as another:
            another.execute(db.update(User).values(password_hash="another"))
        return knows(user, password)

    monkeypatch.setattr(password_hashes, "knows_password", knows)
    with pytest.raises(profile.WrongPassword):
        profile.change_details(alice(), "Alice", "new@example.com", PASSWORD, NOW)
    assert alice().email == "alice@example.com"


def test_a_sign_in_lasts_thirty_days(in_app):
    token = sign_ins.sign_in(alice(), NOW)
    assert sign_ins.signed_in(token, NOW + timedelta(days=29)).name == "Alice Baker"
    assert sign_ins.signed_in(token, NOW + timedelta(days=30)) is None


def test_the_database_does_not_hold_the_secret(in_app):
    token = sign_ins.sign_in(alice(), NOW)
    assert token not in db.session.scalars(db.select(SignIn.token_hash)).all()


def test_signing_out_ends_one_sign_in_only(in_app):
    here = sign_ins.sign_in(alice(), NOW)
    there = sign_ins.sign_in(alice(), NOW)
    sign_ins.sign_out(alice(), here, NOW)
    assert sign_ins.signed_in(here, NOW) is None
    assert sign_ins.signed_in(there, NOW) is not None


def test_a_new_password_ends_every_sign_in(in_app):
    tokens = [sign_ins.sign_in(alice(), NOW) for _ in range(2)]
    sign_ins.change_password(alice(), "another horse battery")
    assert [sign_ins.signed_in(token, NOW) for token in tokens] == [None, None]
    assert sign_ins.authenticate("alice@example.com", PASSWORD) is None
    assert sign_ins.authenticate("alice@example.com", "another horse battery") is not None


def test_a_disabled_user_is_out_and_stays_out(in_app):
    token = sign_ins.sign_in(alice(), NOW)
    with writing():
        alice().active = False
    assert sign_ins.signed_in(token, NOW) is None
    assert sign_ins.authenticate("alice@example.com", PASSWORD) is None


def test_the_setup_link_works_while_there_is_nobody(empty):
    token = first_admin.setup_link_token("secret")
    assert first_admin.setup_link_works("secret", token)
    assert not first_admin.setup_link_works("another secret", token)
    assert not first_admin.setup_link_works("secret", token + "x")
    first_admin.add_first_admin("ada@example.com", "Ada", PASSWORD, NOW)
    assert not first_admin.setup_link_works("secret", token)


def test_five_at_once_make_one_first_admin(empty, app):
    barrier = threading.Barrier(5)
    refused = []

    def come(number):
        with app.app_context():
            barrier.wait()
            try:
                first_admin.add_first_admin(f"{number}@example.com", "Ada", PASSWORD, NOW)
            except first_admin.NotTheFirst:
                refused.append(number)

    threads = [threading.Thread(target=come, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 4
    assert db.session.scalar(db.select(db.func.count(User.id))) == 1


def test_a_renewed_sign_in_has_another_secret(in_app):
    old = sign_ins.sign_in(alice(), NOW)
    with writing():
        new = sign_ins.renew(old)
    assert sign_ins.signed_in(old, NOW) is None
    assert sign_ins.signed_in(new, NOW + timedelta(days=29)).name == "Alice Baker"
    assert sign_ins.signed_in(new, NOW + timedelta(days=30)) is None


def test_a_user_without_password_costs_as_much_as_any_other(in_app):
    with writing():
        user = sign_ins.add_user("new@example.com", "New", None, NOW, role=Role.STAFF)
    assert user.password_hash.split("$")[:4] == alice().password_hash.split("$")[:4]


class TestTheLastAdministrator:
    @pytest.fixture
    def ada(self, in_app):
        return db.session.scalar(db.select(User).filter_by(email="ada@example.com"))

    @pytest.fixture
    def eve(self, in_app):
        """A second administrator."""
        with writing():
            return sign_ins.add_user("eve@example.com", "Eve", PASSWORD, NOW, role=Role.ADMIN)

    def demote(self, who, user):
        users.change(
            who, user.id, user.version, users.UserDetails(user.name, user.email, Role.STAFF), NOW
        )

    def test_nobody_locks_themselves_out(self, ada, eve):
        with pytest.raises(Refused, match="yourself"):
            users.set_active(ada, ada.id, False, NOW)
        with pytest.raises(Refused, match="your own role"):
            self.demote(ada, ada)
        assert (ada.active, ada.role) == (True, Role.ADMIN)

    def test_another_administrator_can_be_demoted(self, ada, eve):
        self.demote(ada, eve)
        assert eve.role is Role.STAFF

    def test_of_two_who_disable_each_other_one_stays(self, ada, eve, app):
        barrier = threading.Barrier(2)
        refused = []

        def disable(who_id, other_id):
            with app.app_context():
                who = db.session.get(User, who_id)
                barrier.wait()
                try:
                    users.set_active(who, other_id, False, NOW)
                except NotAllowed:
                    refused.append(who_id)

        pairs = [(ada.id, eve.id), (eve.id, ada.id)]
        threads = [threading.Thread(target=disable, args=pair) for pair in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        db.session.rollback()  # what is read from here on is what they left
        assert sorted([ada.active, eve.active]) == [False, True]
        assert len(refused) == 1
