import socket

import pytest

from tests.served import served
from tests.smtp_server import MailServer
from webapp import mail
from webapp.config import mail as mail_settings
from webapp.mail import MailFailure


@pytest.fixture
def server(in_app):
    with served(MailServer()) as server:
        in_app.config["PADLOCK_SITE_URL"] = "https://padlock.example.com"
        yield server


def send(app, url, to="alice@example.com", subject="Hello", text="A line.\n.\nAnother.", **extra):
    app.config["PADLOCK_SMTP_URL"] = mail_settings.mail_server(url)
    return mail.send(app, to, subject, text, "17.1", **extra)


def test_a_mail_arrives_as_it_was_written(in_app, server):
    assert send(in_app, f"smtp://127.0.0.1:{server.port}", text="Grüße 🔒\n.\nBye") is None
    taken = server.mails.get(timeout=10)
    assert (taken["To"], taken["Subject"], taken["Auto-Submitted"], taken["Message-ID"]) == (
        "alice@example.com",
        "Hello",
        "auto-generated",
        "<17.1@padlock.example.com>",
    )
    assert taken.get_content().replace("\r\n", "\n") == "Grüße 🔒\n.\nBye\n"
    assert server.commands[0] == "ehlo padlock.example.com"
    assert not [command for command in server.commands if command.startswith("AUTH")]


def test_a_mail_may_be_html_too_in_a_thread_and_unsubscribed_from(in_app, server):
    extra = {"html": "<p>Hi</p>", "thread": "incident-7", "unsubscribe": "https://a.example/u"}
    assert send(in_app, f"smtp://127.0.0.1:{server.port}", text="Hi", **extra) is None
    taken = server.mails.get(timeout=10)
    assert (taken["References"], taken["List-Unsubscribe"], taken["List-Unsubscribe-Post"]) == (
        "<incident-7@padlock.example.com>",
        "<https://a.example/u>",
        "List-Unsubscribe=One-Click",
    )
    parts = [(part.get_content_type(), part.get_content().strip()) for part in taken.iter_parts()]
    assert parts == [("text/plain", "Hi"), ("text/html", "<p>Hi</p>")]
    assert taken["Auto-Submitted"] == "auto-generated"


def test_the_sender_is_a_setting(in_app, server):
    in_app.config["PADLOCK_MAIL_FROM"] = "help@example.com"
    assert send(in_app, f"smtp://127.0.0.1:{server.port}") is None
    assert server.mails.get(timeout=10)["From"] == "help@example.com"


@pytest.mark.parametrize(
    ("to", "subject"), [("a@b.example\r\nBcc: eve@example.com", "x"), ("a@b.example", "x\nBcc: y")]
)
def test_a_header_cannot_be_forged(in_app, server, to, subject):
    assert send(in_app, f"smtp://127.0.0.1:{server.port}", to, subject) == MailFailure(
        "ValueError", final=True
    )
    assert server.mails.empty()


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_where_tls_is_asked_for_nothing_goes_without(in_app, server, scheme, monkeypatch):
    monkeypatch.setattr(mail, "SMTP_STEP_SECONDS", 1)
    assert send(in_app, f"{scheme}://padlock:hunter2@127.0.0.1:{server.port}")
    assert not [command for command in server.commands if "AUTH" in command]
    assert server.mails.empty()


def test_a_server_that_is_silent_is_given_up(in_app, monkeypatch, caplog):
    monkeypatch.setattr(mail, "SMTP_STEP_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert send(in_app, f"smtp://u:hunter2@127.0.0.1:{silent.getsockname()[1]}")
    assert "could not be handed" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    ("step", "answer", "failure"),
    [
        ("RCPT", "550 no such mailbox", MailFailure("550", True, True, "550 no such mailbox")),
        ("RCPT", "450 come back later", MailFailure("450", False, True, "450 come back later")),
        ("MAIL", "553 not from you", MailFailure("553", final=True)),
        ("DATA", "554 spam", MailFailure("554", final=True)),
        ("AUTH", "535 wrong password", MailFailure("535")),
        ("QUIT", "421 too busy", None),  # the mail was taken before
    ],
)
def test_what_the_server_refuses_for_good_is_told_apart(in_app, server, step, answer, failure):
    server.answers[step] = answer
    assert send(in_app, f"smtp://padlock:hunter2@127.0.0.1:{server.port}") == failure
    assert server.mails.qsize() == (failure is None)
