"""Which passwords are refused, and that what people and programs choose well is not."""

import time
import unicodedata

import pytest
from argon2 import PasswordHasher

from tests.conftest import PASSWORD
from webapp.accounts import first_admin, passwords, sign_ins
from webapp.customers.models import User
from webapp.extensions import db, writing
from webapp.words.security import PasswordFault

ALICE = ("Alice Baker", "alice@bakery.example")
FAULTS = {
    PasswordFault.SHORT: ("", "x", "K7#pQ2!xZrw", "e\u0301" * 6 + "zK7#p"),
    PasswordFault.BLANK: (" " * 12, "\u3000" * 12, " \u2003" * 10),
    PasswordFault.PATTERN: (
        *(
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "123412341234",
            "passwordpassword",
            "letmein letmein",
            "princess princess",
        ),
        *(
            "qwertyuiopas",
            "Qwertyuiop!23",
            "qwertzuiopas",
            "azertyuiopqs",
            "йцукенгшщзхъ",
            "asdfghjklasdf",
        ),
        *(
            "123456789012",
            "0987654321098",
            "abcdefghijkl",
            "lkjihgfedcba",
            "aabbccddeeff",
            "!@#$%^&*()_+",
        ),
        *("１２３４５６７８９０１２", "1qaz2wsx3edc", "1970197019701", "x" * 1000, "aaaaaaaaaaab"),
    ),
    PasswordFault.OWN: (
        *(
            "alice@bakery.example",
            "Alice@Bakery.Example1",
            "alicebaker1234",
            "AliceBaker!!",
            "alice-baker-alice",
        ),
        *(
            "a l i c e b a k e r",
            "bakery.example!",
            "Padlock2026!!",
            "ExampleHosting",
            "hosting-example-1",
        ),
    ),
    PasswordFault.COMMON: (
        *(
            "password1234",
            "Password123!",
            "P@ssw0rd1234",
            "!!iloveyou!!",
            "football2024",
            "welcome12345",
        ),
        *(
            "Summer2026!!!",
            "changeme1234",
            "administrator",
            "1q2w3e4r5t6y",
            "monkey dragon",
            "p a s s w o r d",
        ),
        *("        password", "ｐａｓｓｗｏｒｄ１２３４", "passwort1234"),
    ),
}
GOOD = (
    PASSWORD,
    "correct horse battery staple",
    "green table lamp",
    "vK9#pLq2!xZr",
    "K7#pQ2!xZrwa",
)
GOOD += (
    "meine katze frisst",
    "alice loves green cake",
    "Übermut tut selten gut",
    "дом и старый сад",
    "f3a9c1d07b62",
)


@pytest.fixture
def site(in_app):
    in_app.config["PADLOCK_SITE_NAME"] = "Example Hosting"


@pytest.mark.parametrize(
    ("fault", "password"), [(fault, text) for fault, texts in FAULTS.items() for text in texts]
)
def test_what_is_easy_to_guess_is_refused(site, fault, password):
    assert passwords.fault(password, ALICE) is fault


@pytest.mark.parametrize("password", GOOD)
def test_what_is_hard_to_guess_is_taken(site, password):
    assert passwords.fault(password, ALICE) is None


def test_what_is_anothers_own_is_only_words(site):
    assert passwords.fault("alice-baker-alice", ("Bob Plumber", "bob@example.com")) is None


@pytest.mark.parametrize(
    "password", ["4@8({[</369&#!1/|0$5+7%2/" * 40, "a" * 1024, "ab" * 512, "p4ssw0rd$1l0v3y0u" * 60]
)
def test_no_password_keeps_a_thread_busy(site, password):
    began = time.monotonic()
    passwords.fault(password, ALICE)
    assert time.monotonic() - began < 10  # without care the first took minutes


def test_a_password_is_the_same_from_every_keyboard(in_app):
    typed = "Käsekuchen für alle"
    alice = db.session.get(User, 1)
    sign_ins.change_password(alice, unicodedata.normalize("NFD", typed))
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert sign_ins.authenticate(alice.email, unicodedata.normalize(form, typed)) is not None


def test_a_password_of_before_still_opens_as_it_was_typed(in_app):
    typed = unicodedata.normalize("NFD", "Käsekuchen für alle")
    with writing():
        db.session.get(User, 1).password_hash = PasswordHasher(1, 8, 1).hash(typed)
    assert sign_ins.authenticate("alice@example.com", typed) is not None
    assert sign_ins.authenticate("alice@example.com", typed + "x") is None


class TestEverywhere:
    """Each place where a password is chosen refuses the same ones."""

    WORDS = "This is mostly your name"

    def test_in_the_profile(self, visit):
        answer = visit("alice").post(
            "/profile/password", {"current": PASSWORD, "new": "alicebaker2026"}
        )
        assert (answer.status_code, self.WORDS in answer.text) == (422, True)

    def test_on_a_reset_link(self, visit):
        page = visit("ada").post("/admin/users/1/reset-link").text
        path = page[page.index("/reset/") :].split("<")[0].split()[0]
        answer = visit().post(path, {"password": "alicebaker2026"})
        assert (answer.status_code, self.WORDS in answer.text) == (422, True)

    def test_on_the_first_link(self, visit, app):
        with app.app_context(), writing():
            db.session.execute(db.delete(User))
        path = f"/setup/{first_admin.setup_link_token(app.config['SECRET_KEY'])}"
        form = {"name": "Alice Baker", "email": "alice@example.com", "password": "alicebaker2026"}
        answer = visit().post(path, form)
        assert (answer.status_code, self.WORDS in answer.text) == (422, True)

    def test_on_the_command_line(self, app):
        asked = [
            "users",
            "add",
            "eve@example.com",
            "--name",
            "Eve Evening",
            "--role",
            "staff",
            "--ask-password",
        ]
        said = app.test_cli_runner().invoke(args=asked, input="eve-evening-1\neve-evening-1\n")
        assert (said.exit_code, self.WORDS in said.output) == (1, True)
