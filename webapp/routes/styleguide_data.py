"""Made-up samples for the styleguide. Nothing here comes from the database or goes there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from wtforms import PasswordField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired

from webapp.customers.lists import Listing
from webapp.customers.models import Service, ServiceStatus
from webapp.listing.page import Page
from webapp.monitor.models import Standing, Target, standing
from webapp.probe import Reason
from webapp.routes.forms import PageForm
from webapp.words import refusals
from webapp.words.translation import LazyText


class SampleForm(PageForm):
    name = StringField("A field")
    wrong = StringField(
        "A field with a mistake", validators=[InputRequired(LazyText(refusals.sample))]
    )
    password = PasswordField("A password")
    wrong_choice = SelectField("A choice with a mistake", choices=["First", "Second"])
    one_of = RadioField("One of several", choices=["First", "Second"], default="First")


def form() -> SampleForm:
    """A form that a user has filled in, and made a mistake in."""
    sample = SampleForm(
        formdata=None,
        meta={"csrf": False},
        data={"name": "What was typed stays", "wrong_choice": "Third", "one_of": "First"},
    )
    sample.validate()
    return sample


def listing() -> Listing[str]:
    """A page in the middle of a list."""
    page = Page([1, 2, 3], 130, True, 25, 26, "before", "after", "last")
    return Listing(["alice.example", "bob.example", "carol.example"], page, "", "name")


def padlocks(now: datetime) -> list[tuple[str, Service, Standing]]:
    """Every look of a padlock: what it is called, and what its cell is made from."""
    ended = now - timedelta(days=9)
    soon = now + timedelta(days=12)
    later = now + timedelta(days=60)
    made = [
        ("Valid", _facts(Reason.OK, now, later), True),
        ("Valid, expires soon", _facts(Reason.OK, now, soon), True),
        ("Invalid", _facts(Reason.EXPIRED, now, ended), True),
        ("Unknown", _facts(Reason.TIMEOUT, now, None), True),
        ("Inactive", _facts(Reason.OK, now, later), False),
        ("Not checked yet", Target(hostname="shop.example"), True),
        ("No host name", None, True),
        ("Being checked for the first time", Target(hostname="shop.example"), True),
        ("Being checked again", _facts(Reason.OK, now, later), True),
    ]
    shown = []
    for number, (words, facts, active) in enumerate(made, start=1):
        stands = standing(facts, active=active, now=now)
        stands = replace(stands, checking=words.startswith("Being checked"))
        status = ServiceStatus.ACTIVE if active else ServiceStatus.TERMINATED
        service = Service(
            id=number, product="Starter Hosting", domain="shop.example", status=status
        )
        shown.append((words, service, stands))
    return shown


def _facts(reason: Reason, now: datetime, not_after: datetime | None) -> Target:
    not_before = None if not_after is None else not_after - timedelta(days=90)
    return Target(
        hostname="shop.example",
        reason=reason,
        state=reason.state,
        issuer="R11, Let's Encrypt",
        subject="shop.example",
        names=["shop.example", "www.shop.example"],
        names_total=2,
        unreadable=[],
        problems=[],
        notes=[],
        browsers_refuse=False,
        stray=[],
        fingerprint="ab" * 32 if not_after else None,
        not_before=not_before,
        not_after=not_after,
        expiring_at=None if not_after is None else not_after - timedelta(days=22.5),
        checked_at=now - timedelta(minutes=5),
        last_valid_at=now - timedelta(hours=3),
    )
