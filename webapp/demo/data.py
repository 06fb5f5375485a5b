"""The cast of the demo: two clients and an administrator, with services and domains on the servers
of the lab."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from itertools import cycle

from sqlalchemy import select

from webapp import probe
from webapp.accounts import first_admin, sign_ins
from webapp.customers import audit_log, catalog, tags
from webapp.customers.models import Client, DomainStatus, Role, ServiceStatus, User
from webapp.demo.diagnosis_cases import ORIGINS
from webapp.extensions import db, writing
from webapp.monitor.models import Change, Target
from webapp.notices import codec
from webapp.notices.codec import Common
from webapp.notices.models import AlertClock
from webapp.probe import Reason, State
from webapp.words.activity import Detail

PASSWORD = "padlock-demo"
CAST = ("alice@example.com", "bob@example.com", "sam@example.com", "ada@example.com")

# What Alice bought, and where it lives in the lab: every padlock is on the first screen.
SERVICES = (
    ("Starter Hosting", "ok", ServiceStatus.ACTIVE, 12),
    ("Business Hosting", "expiring-soon", ServiceStatus.ACTIVE, 40),
    ("Business Hosting", "expired", ServiceStatus.ACTIVE, 3),
    ("WordPress Hosting", "self-signed", ServiceStatus.PENDING, None),
    ("WordPress Hosting", "wrong-hostname", ServiceStatus.ACTIVE, 77),
    ("Shop Hosting", "incomplete-chain", ServiceStatus.ACTIVE, 19),
    ("Shop Hosting", "shop.wild", ServiceStatus.COMPLETED, None),
    ("Virtual Server", "refused", ServiceStatus.SUSPENDED, -8),
    ("Virtual Server", "silent", ServiceStatus.ACTIVE, 24),
    ("Intranet", "private", ServiceStatus.ACTIVE, 61),
    ("Starter Hosting", "redirect", ServiceStatus.TERMINATED, -200),
    ("Mail Hosting", "http-500", ServiceStatus.CANCELLED, -90),
    ("Starter Hosting", "tls-1-2", ServiceStatus.FRAUD, None),
)
DOMAINS = (
    ("ok", DomainStatus.ACTIVE, 200),
    ("bücher", DomainStatus.ACTIVE, 320),
    ("expiring-soon", DomainStatus.ACTIVE, 150),
    ("not-yet-valid", DomainStatus.PENDING, None),
    ("untrusted-root-missing", DomainStatus.PENDING_REGISTRATION, None),
    ("plain-http", DomainStatus.PENDING_TRANSFER, None),
    ("revoked", DomainStatus.GRACE_PERIOD, -6),
    ("stalls", DomainStatus.ACTIVE, 88),
    ("root-sent", DomainStatus.REDEMPTION_PERIOD, -40),
    ("extra-certificates", DomainStatus.EXPIRED, -33),
    ("wrong-order", DomainStatus.TRANSFERRED_AWAY, -120),
    ("http2-only", DomainStatus.CANCELLED, -15),
    ("tls-1-3", DomainStatus.FRAUD, None),
    ("sni-only", DomainStatus.TERMINATED, -300),
)
TAGS = {"WordPress Hosting": ("wordpress", "updates by us"), "Virtual Server": ("root access",)}
# Names that were monitored for a year before the demo
KNOWN = ("ok", "bücher", "expiring-soon", "tls-1-2", "http-500", "extra-certificates", "sni-only")
NOT_A_HOST_NAME = "see ticket 4711"


def fill(lab_cases: Collection[str]) -> None:
    """Puts the cast into an empty database; does nothing where there is a user already.

    `lab_cases` are the host names of the lab. What Alice does not have of them is Bob's.
    """
    now = datetime.now(UTC)
    with writing():
        if not first_admin.nobody_yet():
            return
        alice = catalog.add_client("Alice’s Bakery", now)
        bob = catalog.add_client("Bob & Sons Plumbing", now)
        sign_ins.add_user(CAST[0], "Alice Baker", PASSWORD, now, client=alice)
        sign_ins.add_user(CAST[1], "Bob Plumber", PASSWORD, now, client=bob)
        sign_ins.add_user(CAST[2], "Sam Staff", PASSWORD, now, role=Role.STAFF)
        ada = sign_ins.add_user(CAST[3], "Ada Admin", PASSWORD, now, role=Role.ADMIN)
        _fill_alice(alice, now.date())
        _fill_bob(bob, sorted(set(lab_cases) - _alices_names()), now.date())
        db.session.flush()
        _fill_log(ada, now)
        _fill_history(now)


def _fill_alice(client: Client, today: date) -> None:
    client.tags = tags.named(("vip",))
    for product, label, service_status, due in SERVICES:
        service = catalog.add_service(
            client, product, _name(label), service_status, _days(today, due)
        )
        service.tags = tags.named(TAGS.get(product, ()))
    catalog.add_service(client, "Domain Parking", NOT_A_HOST_NAME, ServiceStatus.ACTIVE)
    for label, domain_status, expires in DOMAINS:
        expires_on = _days(today, expires)
        registered_on = None if expires_on is None else expires_on - timedelta(days=3 * 365)
        catalog.add_domain(client, _name(label), domain_status, registered_on, expires_on)


def _fill_bob(client: Client, names: list[str], today: date) -> None:
    products = cycle(("Starter Hosting", "Business Hosting", "Virtual Server"))
    # One name is Alice's as well: each sees a row of their own, and both rows share one check.
    catalog.add_service(
        client, "Business Hosting", f"https://{_name('expired').upper()}/", ServiceStatus.ACTIVE
    )
    for number, (product, name) in enumerate(zip(products, names, strict=False)):
        due = today + timedelta(days=7 * number % 365)
        server, _origin = ORIGINS.get(name, (None, None))
        catalog.add_service(client, product, name, ServiceStatus.ACTIVE, due, server)
        if number % 3 == 0:
            catalog.add_domain(
                client, name, DomainStatus.ACTIVE, due - timedelta(days=2 * 365), due
            )


def _fill_log(ada: User, now: datetime) -> None:
    ada_admin = {"name": "Ada Admin", "role": "admin"}
    audit_log.note(
        None, "created", "user", 4, CAST[3], now - timedelta(days=9), Detail.USER, **ada_admin
    )
    counts = {
        kind: {"new": count, "changed": 0, "same": 0}
        for kind, count in (("client", 2), ("service", 31))
    }
    audit_log.note(
        None,
        "imported",
        "import",
        None,
        "customers.csv",
        now - timedelta(days=8),
        Detail.IMPORTED,
        counts=counts,
    )
    for number, email in enumerate(CAST[:3], start=1):
        audit_log.note(
            ada, "created", "user", number, email, now - timedelta(days=7, minutes=-number)
        )
    owners = {"before": "Bob & Sons Plumbing", "after": "Alice’s Bakery"}
    at = now - timedelta(days=2, hours=5)
    audit_log.note(ada, "moved", "service", 3, _name("expired"), at, Detail.MOVED, **owners)
    audit_log.note(ada, "deleted", "domain", 99_999, _name("gone"), now - timedelta(hours=3))


def _fill_history(now: datetime) -> None:
    """What earlier checks have seen of some names: a certificate every two months, and of the first
    an outage of half a day. They were evaluated until now, so *Today* begins with the first
    check."""
    evaluated = codec.dump_common(Common(scanned_to=now))
    db.session.add(AlertClock(id=1, evaluated_at=now, state=evaluated))
    found = select(Target).where(Target.hostname.in_([probe.parse(_name(each)) for each in KNOWN]))
    for target in db.session.scalars(found):
        state: State | None = None
        for number, days in enumerate(range(330, 0, -60)):
            begun = now - timedelta(days=days)
            certificate = {
                "new_fingerprint": f"{number:064}",
                "new_issuer": "Padlock Lab",
                "new_not_before": begun,
                "new_not_after": begun + timedelta(days=90),
            }
            told = [(begun, State.VALID, Reason.OK)]
            if target.hostname == probe.parse(_name(KNOWN[0])) and days == 90:
                told.append((begun + timedelta(days=48), State.INVALID, Reason.REFUSED))
                told.append((begun + timedelta(days=48.5), State.VALID, Reason.OK))
            for at, new_state, reason in told:
                change = {"at": at, "old_state": state, "new_state": new_state, "old_issuer": ""}
                seen = certificate if new_state is State.VALID else {"new_issuer": ""}
                db.session.add(Change(target_id=target.id, new_reason=reason, **change, **seen))
                state = new_state


def _alices_names() -> set[str]:
    labels = {label for _, label, _, _ in SERVICES} | {label for label, _, _ in DOMAINS}
    return {probe.parse(_name(label)) for label in labels}


def _name(label: str) -> str:
    return f"{label}.lab.example"


def _days(today: date, days: int | None) -> date | None:
    return None if days is None else today + timedelta(days=days)
