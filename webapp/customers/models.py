"""Who is here: clients, their users, and the services and domains they pay for."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, cast

from flask import current_app
from sqlalchemy import JSON, ForeignKey, Index, String, func, true
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship, validates

from webapp import probe
from webapp.customers.item_statuses import ACTIVE_DOMAINS as ACTIVE_DOMAINS
from webapp.customers.item_statuses import ACTIVE_SERVICES as ACTIVE_SERVICES
from webapp.customers.item_statuses import DomainStatus as DomainStatus
from webapp.customers.item_statuses import ServiceStatus as ServiceStatus
from webapp.customers.name_key import name_key
from webapp.customers.tag_models import Tag, client_tag, item_tag, linked_by
from webapp.extensions import Instant, Model, word_column
from webapp.monitor.models import Target
from webapp.probe.steps import Origin
from webapp.renewer import Renewer
from webapp.words import activity


class Role(StrEnum):
    CLIENT = "client"  # sees what is their client's
    STAFF = "staff"  # sees everything, changes nothing but notes and tags of items
    ADMIN = "admin"


MOST_NOTE_CHARACTERS = 2000

# SQLite would give the id of what was deleted to what comes next: a page that was opened about the
# one, or a line in the activity log, would mean the other.
_NO_ID_TWICE = {"sqlite_autoincrement": True}


class _Versioned:
    """Counts its changes, so that the second of two people who edit the same row is told (see
    `concurrency`)."""

    version: Mapped[int] = mapped_column(default=1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - SQLAlchemy calls it with the class
        return {"version_id_col": cls.version}


def _key_of_inserted(context: Any) -> str:
    """The default of `Client.name_key` where rows are inserted without the ORM."""
    return name_key(context.get_current_parameters()["name"]) if context else ""


class _Sourced:
    """What a billing system calls this, where it comes from one (see `webapp.sources`): the source
    and the id there. None: it is kept by hand or by imports."""

    # No foreign key: `sources` stands above, and lets go of what it owns before a source is deleted
    source_id: Mapped[int | None]
    source_key: Mapped[str | None] = mapped_column(String(64))


class Client(_Sourced, _Versioned, Model):
    """A customer of the hosting provider: a person or a company, with any number of users.

    `reference` is the client's number in the provider's own books; an import finds the client again
    by it. `name_key` is what its name is looked up by. Clients see neither `note` nor `tags`.
    `service_count`, `domain_count` and `user_count` are what `client_counts` counts.
    """

    __table_args__ = _NO_ID_TWICE

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    # `casefold` makes at most three characters of one
    name_key: Mapped[str] = mapped_column(String(600), default=_key_of_inserted)
    reference: Mapped[str | None] = mapped_column(String(64), unique=True)
    contact_email: Mapped[str | None] = mapped_column(String(254))
    note: Mapped[str | None] = mapped_column(String(MOST_NOTE_CHARACTERS))
    created_at: Mapped[datetime] = mapped_column(Instant)
    service_count: Mapped[int] = mapped_column(default=0)
    domain_count: Mapped[int] = mapped_column(default=0)
    user_count: Mapped[int] = mapped_column(default=0)

    tags: Mapped[list[Tag]] = linked_by(client_tag)

    @validates("name")
    def _keep_name_key(self, _attribute: str, name: str) -> str:
        self.name_key = name_key(name)
        return name


class User(_Versioned, Model):
    """A person who signs in: an administrator, read-only staff, or a user of one client. Only the
    latter have a `client_id`. `alert_mails`: they want warnings by mail."""

    __table_args__ = _NO_ID_TWICE

    # Flask-Login asks for these, and keeps `get_id` in the session: the secret of this browser's
    # sign-in.
    is_authenticated = True
    is_anonymous = False
    token = ""
    last_used_at = cast("datetime | None", None)  # this sign-in, as far as it has been noted
    viewed_by = cast("User | None", None)  # the administrator who looks at the site as them
    token_name = ""  # of the token with which a program acts as them

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(word_column(Role), default=Role.CLIENT)
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    # Links to reset the password carry this number: those of an earlier one open nothing.
    reset_epoch: Mapped[int] = mapped_column(default=0)
    alert_mails: Mapped[bool] = mapped_column(default=True, server_default=true())

    client: Mapped[Client | None] = relationship()

    @property
    def is_active(self) -> bool:
        return self.active

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN

    @property
    def sees_everything(self) -> bool:
        return self.role is not Role.CLIENT

    def get_id(self) -> str:
        return self.token


class _Named:
    """What services and domains have in common: a name that a user entered, and a note that
    clients do not see."""

    note: Mapped[str | None] = mapped_column(String(MOST_NOTE_CHARACTERS))

    if TYPE_CHECKING:  # each has these in its own way
        entered: Any
        target: Any

    @property
    def shown_name(self) -> str:
        """Its host name as people write it, with the port where that is another than 443; the text
        as entered where that is no host name."""
        return probe.to_unicode(self.target.authority) if self.target else str(self.entered)

    @property
    def refusal(self) -> probe.NotCheckable | None:
        """Why what was entered cannot be checked; None where it can be."""
        try:
            probe.understand(self.entered, current_app.config["PADLOCK_PORTS"])
        except probe.NotCheckable as error:
            return error
        return None


class Service(_Named, _Sourced, _Versioned, Model):
    """A product that a client bought. `domain` is the text as it was entered, `reference` its
    number in the provider's own books. `who_renews` is None where rules are to say it. What is not
    `watched` is never checked, whatever its status."""

    __table_args__ = _NO_ID_TWICE
    kind: ClassVar[str] = "service"

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    reference: Mapped[str | None] = mapped_column(String(64), unique=True)
    product: Mapped[str] = mapped_column(String(200))
    domain: Mapped[str] = mapped_column(String(255))
    status: Mapped[ServiceStatus] = mapped_column(word_column(ServiceStatus))
    next_due_on: Mapped[date | None]
    server_address: Mapped[str | None] = mapped_column(String(45))  # where it is meant to lead
    # Where it led, seen from there, at last asking
    origin: Mapped[Origin | None] = mapped_column(word_column(Origin))
    who_renews: Mapped[Renewer | None] = mapped_column(word_column(Renewer))
    target_id: Mapped[int | None] = mapped_column(ForeignKey("target.id"))
    watched: Mapped[bool] = mapped_column(default=True, server_default=true())

    client: Mapped[Client] = relationship()
    target: Mapped[Target | None] = relationship()
    tags: Mapped[list[Tag]] = linked_by(item_tag)

    @property
    def active(self) -> bool:
        return self.status in ACTIVE_SERVICES and self.watched is not False

    @property
    def entered(self) -> str:
        return self.domain


class Domain(_Named, _Sourced, _Versioned, Model):
    """A domain that a client registered. `name` is the text as it was entered.

    A client has a name once, unless a billing system says otherwise.
    """

    __table_args__ = _NO_ID_TWICE
    kind: ClassVar[str] = "domain"

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    name: Mapped[str] = mapped_column(String(255))
    registered_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    status: Mapped[DomainStatus] = mapped_column(word_column(DomainStatus))
    target_id: Mapped[int | None] = mapped_column(ForeignKey("target.id"))

    client: Mapped[Client] = relationship()
    target: Mapped[Target | None] = relationship()
    tags: Mapped[list[Tag]] = linked_by(item_tag)

    @property
    def active(self) -> bool:
        return self.status in ACTIVE_DOMAINS

    @property
    def entered(self) -> str:
        return self.name


_BY_HAND = Domain.source_id.is_(None)
Index(
    "uq_domain_by_hand",
    *(Domain.client_id, Domain.name),
    unique=True,
    sqlite_where=_BY_HAND,
    postgresql_where=_BY_HAND,
)
for _model in (Client, Service, Domain):
    _name = f"uq_{_model.__tablename__}_source"
    Index(_name, _model.source_id, _model.source_key, unique=True)
# What the lists of clients and users are sorted by; those of items have `listing_row`.
Index("ix_client_name_sorted", func.lower(Client.name), Client.id)
Index("ix_client_name_key", Client.name_key)
Index("ix_client_created", Client.created_at, Client.id)
Index("ix_client_service_count", Client.service_count, Client.id)
Index("ix_client_domain_count", Client.domain_count, Client.id)
Index("ix_client_user_count", Client.user_count, Client.id)
Index("ix_user_name_sorted", func.lower(User.name), User.id)
Index("ix_user_role", User.role, User.id)
# What is theirs, and who uses a target
Index("ix_service_client", Service.client_id, Service.id, Service.status, Service.target_id)
Index("ix_service_target", Service.target_id, Service.id, Service.status, Service.client_id)
Index("ix_domain_client", Domain.client_id, Domain.id, Domain.status, Domain.target_id)
Index("ix_domain_target", Domain.target_id, Domain.id, Domain.status, Domain.client_id)


class Activity(Model):
    """Who did what to which item: codes with parameters, which `words.activity` tells.

    The names are kept with them, so that it can still be read when the item has gone.
    """

    __table_args__ = (  # what the log is filtered by, newest first
        Index("ix_activity_kind", "kind", "id"),
        Index("ix_activity_action", "action", "id"),
        Index("ix_activity_who", "who", "id"),
        Index("ix_activity_item", "item_id", "kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    who: Mapped[str] = mapped_column(String(254))  # e-mail address, or "command line"
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="SET NULL"), index=True
    )
    token: Mapped[str] = mapped_column(String(100), default="", server_default="")  # its name
    action: Mapped[str] = mapped_column(String(40))  # "created", "changed", "moved", …
    kind: Mapped[str] = mapped_column(String(20))  # "client", "user", "service", "domain", "import"
    item_id: Mapped[int | None]
    item: Mapped[str] = mapped_column(String(255))  # its name at that time
    detail_code: Mapped[str] = mapped_column(String(40), default="")  # see `words.activity.Detail`
    detail_parameters: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    detail_texts: Mapped[str] = mapped_column(String(500), default="")  # for the search

    @property
    def called(self) -> str:
        """What the item was called, in the reader's language where it is not a name."""
        return activity.item_text(self.item, self.detail_code, self.detail_parameters)

    @property
    def detail(self) -> str:
        """What else there is to say, in the reader's language."""
        return activity.detail_text(self.detail_code, self.detail_parameters)
