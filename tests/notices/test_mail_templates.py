"""Administrators write what mails say: in a sandbox, and no mail is lost for it."""

import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from tests.notices.test_minute import (  # noqa: F401 - one is a fixture
    LATER,
    MINUTE,
    NAMES,
    begin,
    mails_of,
    sees,
    set_rule,
    site,
    tick,
)
from webapp.customers.models import User
from webapp.extensions import db, writing
from webapp.notices import mail_making, mail_samples, mail_templates
from webapp.notices.mail_templates import MailText
from webapp.notices.models import Audience, MailTemplate, Scope
from webapp.notices.template_sandbox import BadTemplate
from webapp.probe import Reason

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def store(audience, subject, body):
    ada = db.session.get(User, 3)
    version = mail_templates.text_of(audience).version
    mail_templates.save(ada, audience, MailText(subject, body), version, NOW)
    db.session.remove()


def warn(app, at=LATER):
    """Lets a server break."""
    for minutes in (0, 1, 31):
        sees(at + minutes * MINUTE, NAMES[:2], Reason.EXPIRED, days=-1, age=91)
        tick(app, at + minutes * MINUTE)


def test_a_stored_text_is_what_staff_and_clients_get(site, server):  # noqa: F811
    set_rule(Scope.SITE, {"clients": "all"})
    begin(site)
    store(
        Audience.CLIENTS,
        "[{{ site }}] {{ client }}: {{ count }}",
        "Dear {{ user }},\r\n\r\nsomething is wrong.\n\n{{ names }}\n\n"
        "{% if reminder %}Again!{% endif %}\n\nRegards,\nHosting & Co <b>https://help.example.com</b>",
    )
    warn(site)
    by_reader = {mail[0]: mail[1:] for mail in mails_of(server)}
    subject, text = by_reader["alice@example.com"]
    assert subject == "[Padlock] Alice’s Bakery: 2"
    assert text.startswith(
        "Dear Alice Baker,\n\nsomething is wrong.\n\n2 certificates have expired."
    )
    assert "- s2.example\n  " in text, text
    assert (
        "\n\nRegards,\nHosting & Co <b>https://help.example.com</b>\n\nYou receive this mail"
        in text
    )
    assert by_reader["sam@example.com"][1].startswith("Hello Sam Staff,\n\n2 certificates")


def test_a_stored_text_that_fails_is_told_and_loses_no_mail(site, server, caplog):  # noqa: F811
    begin(site)
    store(Audience.STAFF, "Padlock: {{ summary }}", "{{ names }}")
    with writing():  # as after an upgrade that has no such variable any more
        db.session.execute(update(MailTemplate).values(body="{{ names }} {{ gone }}"))
    assert mail_templates.flags(NOW) == []
    warn(site)
    assert [mail[1] for mail in mails_of(server)] == ["2 certificates have expired"] * 2
    (flag,) = mail_templates.flags(NOW)
    assert "Mails to staff: the text of this site failed" in flag.words
    assert "There is no variable “gone”" in flag.words
    assert caplog.text.count("could not be used") == 1
    store(Audience.STAFF, "{{ summary }}!", "{{ names }}")
    assert mail_templates.flags(NOW) == []


def made(subject="{{ summary }}", body="{{ names }}", sample="problems", audience=Audience.CLIENTS):
    return mail_making.make(MailText(subject, body), mail_samples.sample(audience, sample, NOW))


def test_no_template_holds_up_the_site(in_app):
    started = time.monotonic()
    for source in (
        "{% for i in range(10**9) %}{% endfor %}",
        "{{ 'a' * 10**9 }}",
        "{{ 10**10**10 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ 'a'|center(10) }}",
        "{{ 'a'.ljust(999999999) }}",
        "{{ '{:999999999}'.format(1) }}",
        "{{ names|join(names|join(names|join(names|join('x' ~ names)))) }}",
        "{% for a in names %}{% for b in names %}{% endfor %}{% endfor %}",
        "{% for a in names %}{{ names|join }}{% endfor %}",
        "{% for a in names|join %}{% endfor %}",
        "{% set a = 'aa' %}{% set a = a ~ a %}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{% include 'base.html' %}",
        "{{ user }}" * 2000,
        "{{ " + "(" * 1500 + "1" + ")" * 1500 + " }}",
        "{{ 1" + ".a" * 1500 + " }}",
        "{% if 1 %}" * 300 + "{% endif %}" * 300,
        "{{ names" + "|sort(attribute='name')" * 150 + "|length }}",
        "{% if " + "names == names and " * 180 + "1 %}{% endif %}",
    ):
        with pytest.raises(BadTemplate):
            made(body=source)
    assert time.monotonic() - started < 5


def test_a_template_sees_its_variables_and_nothing_else(in_app):
    for source in (
        "{{ config }}",
        "{{ names.append }}",
        "{{ names._text }}",
        "{{ user.__class__ }}",
        "{{ names[0]['__class__'] }}",
        "{{ names|map(attribute='__class__')|join }}",
        "{% for item in names %}{{ loop._iterable }}{% endfor %}",
        "{{ names[0].password }}",
    ):
        with pytest.raises(BadTemplate):
            made(body=source)
    mail = made(
        body="{% for item in names|sort(attribute='days') %}{{ loop.index }}. {{ item.name }}:"
        " {{ item.problem }}, {{ item.days }}{% if not loop.last %}; {% endif %}{% endfor %}"
        "{{ names }}"
    )
    assert "1. www.example.com: Expired, 0; " in mail.text
    assert "2. shop.example.com: Expires very soon, 3; 3. blog.example.com" in mail.text


def test_a_subject_is_one_line_and_the_body_no_html(in_app):
    mail = made(
        "Hi {{ '\r\nBcc: mallory@example.com' }}",
        "<script>{{ names }}</script> {{ '</p>' }} see https://example.com/?a=1&b=2",
    )
    assert mail.subject == "Hi Bcc: mallory@example.com"
    assert "<script" not in mail.html
    assert "&lt;script&gt;" in mail.html
    assert 'href="https://example.com/?a=1&amp;b=2"' in mail.html
    for audience in Audience:  # whatever a template says
        mail = made("{{ names }}", "Log in.", audience=audience)
        assert "www.example.com" in mail.subject
        for part in (mail.text, mail.html):
            assert "shop.example.com" in part
            assert "/unsubscribe/example" in part
    assert len(made("x" * 200 + "{{ summary }}").subject) <= 200


def test_a_text_has_to_render_in_each_sample(in_app):
    text = MailText(
        "{% if reminder %}{{ gone.x }}{% endif %}Hi", "{% if solved %}{{ names }}{% endif %}"
    )
    found = mail_samples.problems(Audience.STAFF, text, NOW)
    assert "There is no variable “gone”" in found["subject"]
    assert "would not say which names" in found["body"]
    assert mail_samples.problems(Audience.STAFF, MailText("{{ client }}", "{{ names }}"), NOW)
    for audience in Audience:
        assert mail_samples.problems(audience, mail_templates.default(), NOW) == {}
    empty = MailText("{% if reminder %}Hi{% endif %}", "{{ names }}")
    assert "nothing is left" in mail_samples.problems(Audience.STAFF, empty, NOW)["subject"]
