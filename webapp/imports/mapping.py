"""How a file of someone else's is read: which of its columns is which of ours.

Guessed from its headings and cells, changed by a person, and remembered for the next file with the
same headings. `Mapping.columns` names columns by their number from 0, as headings may be there
twice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from collections.abc import Mapping as Dict
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import select

from webapp import probe
from webapp.customers.models import ImportMapping
from webapp.extensions import db, writing
from webapp.imports.csv_reader import RawRow, Table, open_table
from webapp.imports.table_errors import NotATable
from webapp.probe.address import literal
from webapp.words import imports as say

COLUMNS = (
    *("kind", "client", "client_name", "reference", "product", "domain"),
    *("status", "next_due", "registered", "expires", "server"),
)
DATES = ("next_due", "registered", "expires")
PROBLEM = "problem"  # the heading of the column that says why a row was left out
SAMPLE_ROWS = 200
SAMPLES = 3

# What other systems call our columns: letters and digits of their headings, in lower case
_HEADINGS = {
    "kind": "kind recordtype",
    "client": "clientid userid customerid clientno clientnumber customerno customernumber custid"
    " accountid clientref clientreference kundennummer kundennr",
    "client_name": "clientname customername company companyname owner ownername subscriber fullname"
    " username user client customer account kunde cliente клиент заказчик",
    "reference": "reference serviceid orderid subscriptionid hostingid packageid ref",
    "product": "product productname productservice service servicename package packagename plan"
    " planname hostingplan serviceplan hosting тариф услуга produkt",
    "domain": "domain domainname domains hostname host fqdn url website webaddress site sitename"
    " maindomain primarydomain subscription домен сайт dominio domaine",
    "status": "status state domainstatus servicestatus статус",
    "next_due": "nextdue nextduedate duedate nextinvoicedate renewaldate renewson renewal",
    "registered": "registered registrationdate regdate registeredon created createdat creationdate"
    " setupdate startdate",
    "expires": "expires expirydate expiry expirationdate expiredate expireson expiresat validuntil"
    " paiduntil",
    "server": "serverip dedicatedip ipaddress ip serveraddress",
}
_OURS = {heading: ours for ours, names in _HEADINGS.items() for heading in names.split()}
_SECRET = re.compile(
    r"(password|passwd|pass|pwd|secret|.*token|accesshash|transfercode|eppcode|authcode|config.*"
    r"|meta|notes?|apikey|custom(field)?\d*)\Z"
)
_HOST_IN_TEXT = re.compile(r"[^\s,;()<>\"']+\.[^\s,;()<>\"']+")


@dataclass(frozen=True)
class Mapping:
    """How to read a file: our columns by theirs, and what holds for rows that do not say."""

    columns: dict[str, int] = field(default_factory=dict)
    # The columns of a name in parts: company, first name, last name, e-mail address
    name_parts: list[int] = field(default_factory=list)
    kind: str = ""
    client: str = ""  # what `clients.find_client` takes, or the name of a new client
    encoding: str = ""  # one of `encodings.CHOICES`; empty: as the bytes say
    dates: str = ""  # one of `dates.ORDERS`; empty: as the dates say
    source: str = ""  # the billing export that it was recognised as; a key of `say.SOURCES`
    names_only: bool = False  # pasted: what is no host name is not imported

    @property
    def by_name(self) -> bool:
        """Whether rows name their client, and have no number for it."""
        return "client" not in self.columns and ("client_name" in self.columns or self.named)

    @property
    def named(self) -> bool:
        """Whether the client's name stands in parts."""
        return bool(self.name_parts)

    @property
    def missing(self) -> list[str]:
        """Those of our columns without which no row can be read: kind, client, domain."""
        found = [] if self.kind or "kind" in self.columns else ["kind"]
        if not (self.client or self.by_name or "client" in self.columns):
            found.append("client")
        needed = {"domain": {"domain"}, "service": {"domain", "reference"}}.get(self.kind)
        if needed and not needed & self.columns.keys():
            found.append("domain")
        return found

    def cells(self, row: RawRow) -> dict[str, str]:
        """The cells of this row by the names of our columns."""
        cells = {
            ours: row.cells[number] if number < len(row.cells) else ""
            for ours, number in self.columns.items()
        }
        if self.kind and not cells.get("kind"):
            cells["kind"] = self.kind
        if self.named and not cells.get("client_name"):
            company, *person = (row.cells[n] if n < len(row.cells) else "" for n in self.name_parts)
            cells["client_name"] = company or " ".join(filter(None, person[:2])) or "".join(person)
        if self.source == "fossbilling_orders" and "domain" in cells:
            found = _HOST_IN_TEXT.search(cells["domain"])
            cells["domain"] = found[0] if found else ""
        return cells


@dataclass(frozen=True)
class Look:
    """What a file looks like: its headings, up to three cells of each column, its encoding."""

    headings: list[str]
    samples: list[list[str]]
    encoding: str
    guessed: bool
    accents: list[str]  # cells that look otherwise in another encoding
    has_headings: bool
    secret: set[int]  # columns whose cells are not shown


def squashed(heading: str) -> str:
    """Letters and digits of a heading in lower case: "User ID" and "user_id" are the same."""
    return "".join(filter(str.isalnum, heading.casefold()))


def is_heading(text: str) -> bool:
    """Whether this is what a column is called here or elsewhere, rather than a cell."""
    key = squashed(text)
    return key in _OURS or key in _OWN or key in _OTHER_HEADINGS


def is_secret(heading: str) -> bool:
    """Whether a column of this heading holds what no one should see here: passwords, notes."""
    return _SECRET.match(squashed(heading)) is not None


def look_at(source: Path, encoding: str = "") -> Look:
    """The headings and first rows of this file. Raises `NotATable`."""
    with open_table(source, is_heading, encoding) as table:
        return look_of(table)


def look_of(table: Table) -> Look:
    """The same of an open table, of which it reads the first rows."""
    wide = len(table.headings)
    secret = {n for n, heading in enumerate(table.headings) if is_secret(heading)}
    samples: list[dict[str, None]] = [{} for _ in range(wide)]
    accents: dict[str, None] = {}
    for row in islice(table.rows(), SAMPLE_ROWS):
        for number, cell in enumerate(row.cells[:wide]):
            if cell and number not in secret:
                if len(samples[number]) < SAMPLES:
                    samples[number][cell] = None
                if not cell.isascii() and len(accents) < SAMPLES:
                    accents[cell] = None
    for heading in table.headings:
        if not heading.isascii():
            accents.setdefault(heading)
    return Look(
        table.headings,
        [list(cells) for cells in samples],
        table.encoding.name,
        table.encoding.guessed,
        list(accents)[: 2 * SAMPLES],
        table.has_headings,
        secret,
    )


def guess(look: Look) -> Mapping:
    """The likeliest mapping of a file that looks like this; what it does not tell stays empty."""
    keys = [squashed(heading) for heading in look.headings]
    if {"kind", "client"} <= set(keys):
        return Mapping(
            {ours: keys.index(squashed(ours)) for ours in COLUMNS if squashed(ours) in keys}
        )
    for export in EXPORTS:
        if found := export.mapping_of(keys):
            return found
    return _by_content(look, _by_heading(look, keys))


def _by_heading(look: Look, keys: Sequence[str]) -> Mapping:
    columns: dict[str, int] = {}
    for number, key in enumerate(keys):
        ours = _OWN.get(key) or _OURS.get(key)
        if key in ("client", "customer", "kunde", "account") and _are_numbers(look.samples[number]):
            ours = "client"
        elif key == "client":
            ours = "client_name"
        if ours == "server" and not _are_addresses(look.samples[number]):
            continue
        if ours and number not in look.secret:
            columns.setdefault(ours, number)
    if "id" in keys and "reference" not in columns and "product" in columns:
        columns["reference"] = keys.index("id")
    parts = ("company", "firstname", "lastname", "email")
    if (
        "firstname" in keys
        and "lastname" in keys
        and columns.get("client_name")
        in (None, *(keys.index(part) for part in parts if part in keys))
    ):
        columns.pop("client_name", None)
        company = next((key for key in ("companyname", "company") if key in keys), "")
        names = [keys.index(key) if key in keys else len(keys) for key in (company, *parts[1:])]
        return Mapping(columns, names)
    return Mapping(columns)


def _by_content(look: Look, mapping: Mapping) -> Mapping:
    columns = dict(mapping.columns)
    if "domain" not in columns:
        hosts = [
            (sum(map(_is_host_name, cells)), -number)
            for number, cells in enumerate(look.samples)
            if number not in columns.values()
        ]
        if hosts and max(hosts)[0]:
            columns["domain"] = -max(hosts)[1]
    kind = ""
    if "kind" not in columns:
        if "product" in columns or "next_due" in columns or "server" in columns:
            kind = "service"
        elif "domain" in columns and ("expires" in columns or "registered" in columns):
            kind = "domain"
        elif "domain" not in columns and ("client_name" in columns or mapping.named):
            kind = "client"
    if kind == "client" and "client" not in columns:
        keys = [squashed(heading) for heading in look.headings]
        if "id" in keys:
            columns["client"] = keys.index("id")
    return replace(mapping, columns=columns, kind=kind)


@dataclass(frozen=True)
class Export:
    """A billing system's export: the headings that it is recognised by (of each group at least
    one), and what they hold."""

    source: str
    kind: str
    needs: str  # groups apart by blanks, alternatives by "|"
    columns: Dict[str, str]
    name_parts: str = ""

    def mapping_of(self, keys: Sequence[str]) -> Mapping | None:
        """How to read a file with these headings; None where it is no such export."""
        there = set(keys)
        if not all(there & set(group.split("|")) for group in self.needs.split()):
            return None
        columns = {
            ours: keys.index(name)
            for ours, names in self.columns.items()
            if (name := next((name for name in names.split("|") if name in there), None))
        }
        parts = [
            keys.index(name) if name in there else len(keys) for name in self.name_parts.split()
        ]
        return Mapping(columns, parts, kind=self.kind, source=self.source)


EXPORTS = (
    Export(
        "whmcs_services",
        "service",
        "userid|clientid id|serviceid productname|product|productservice domainname|domain"
        " nextduedate|billingcycle status",
        {
            "client": "userid|clientid",
            "client_name": "clientname",
            "reference": "id|serviceid",
            "product": "productname|product|productservice",
            "domain": "domainname|domain",
            "status": "status",
            "next_due": "nextduedate",
            "server": "dedicatedip",
        },
    ),
    Export(
        "whmcs_domains",
        "domain",
        "userid|clientid domainname|domain expirydate registrationdate|registrar|regdate status",
        {
            "client": "userid|clientid",
            "client_name": "clientname",
            "domain": "domainname|domain",
            "status": "status",
            "registered": "registrationdate|regdate",
            "expires": "expirydate",
        },
    ),
    Export(
        "whmcs_clients",
        "client",
        "id|clientid|userid firstname lastname companyname",
        {"client": "id|clientid|userid"},
        "companyname firstname lastname email",
    ),
    Export(
        "fossbilling_orders",
        "",
        "id clientid title servicetype status",
        {
            "kind": "servicetype",
            "client": "clientid",
            "reference": "id",
            "product": "title",
            "domain": "domain|title",
            "status": "status",
            "next_due": "expiresat",
            "registered": "activatedat|createdat",
            "expires": "expiresat",
        },
    ),
    Export(
        "fossbilling_clients",
        "client",
        "id email firstname lastname company",
        {"client": "id"},
        "company firstname lastname email",
    ),
    Export(
        "cpanel",
        "service",
        "domain username|user diskpartition|diskspaceused|unixstartdate|theme|diskused",
        {
            "client_name": "username|user",
            "product": "package|plan",
            "domain": "domain",
            "server": "ip|ipaddress",
        },
    ),
    Export(
        "plesk",
        "service",
        "subscription|domainname|domain|name subscriber|hostingtype setupdate|expirationdate|status"
        "|serviceplan",
        {
            "client_name": "subscriber|owner|customer",
            "product": "serviceplan|plan|hostingtype",
            "domain": "subscription|domainname|domain|name",
            "status": "status",
            "next_due": "expirationdate|expirydate",
            "server": "ipaddress",
        },
    ),
)
_OWN = {squashed(ours): ours for ours in COLUMNS}
_OTHER_HEADINGS = frozenset(
    name
    for export in EXPORTS
    for name in f"{export.needs} {export.name_parts}".replace("|", " ").split()
) | {PROBLEM, "id", "name", "email"}


def heading_key(headings: Iterable[str]) -> str:
    """What a set of headings is remembered by, in whichever order they stand."""
    keys = sorted({squashed(heading) for heading in headings} - {PROBLEM, ""})
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()


def remember(look: Look, mapping: Mapping, now: datetime) -> None:
    """Keeps how a file with these headings is read. Whose it is and how it is encoded may be
    otherwise the next time."""
    if not look.has_headings:
        return
    named = {ours: squashed(look.headings[number]) for ours, number in mapping.columns.items()}
    kept = {"columns": named, "kind": mapping.kind}
    key = heading_key(look.headings)
    with writing():
        row = db.session.scalar(select(ImportMapping).filter_by(headings=key))
        row = row or ImportMapping(headings=key)
        row.mapping = kept
        row.used_at = now
        db.session.add(row)


def recall(look: Look) -> Mapping | None:
    """How a file with these headings was read last."""
    key = heading_key(look.headings)
    row = db.session.scalar(select(ImportMapping).filter_by(headings=key))
    if row is None or not look.has_headings:
        return None
    keys = [squashed(heading) for heading in look.headings]
    columns = {ours: keys.index(key) for ours, key in row.mapping["columns"].items()}
    guessed = guess(look)
    parts = [] if "client_name" in columns else guessed.name_parts
    return Mapping(columns, parts, kind=row.mapping["kind"], source=guessed.source)


def proposed(look: Look) -> tuple[Mapping, bool]:
    """How a file that looks like this is read, and whether that is sure enough to read it without
    asking: our own format, an export that is known, or headings that a person has mapped before;
    and an encoding that is no guess."""
    guessed = guess(look)
    remembered = recall(look)
    keys = {squashed(heading) for heading in look.headings}
    known = remembered or guessed.source or {"kind", "client"} <= keys
    found = remembered or guessed
    return found, bool(known) and not found.missing and not look.guessed


def named_by_person(look: Look, columns: Dict[str, str]) -> dict[str, int]:
    """Columns by number, of ours and their headings as a person wrote them.

    Raises `NotATable` for one that is not there.
    """
    keys = [squashed(heading) for heading in look.headings]
    for ours, heading in columns.items():
        if ours not in COLUMNS or squashed(heading) not in keys:
            raise NotATable(say.no_such_column(ours, heading, look.headings, COLUMNS))
    return {ours: keys.index(squashed(heading)) for ours, heading in columns.items()}


def unread(headings: Sequence[str], mapping: Mapping) -> list[str]:
    """The headings of those columns that are not read."""
    read = {*mapping.columns.values(), *mapping.name_parts}
    return [
        heading or say.no_heading()
        for number, heading in enumerate(headings)
        if number not in read and squashed(heading) != PROBLEM
    ]


def _are_numbers(cells: Collection[str]) -> bool:
    return bool(cells) and not any(" " in cell or cell.isalpha() for cell in cells)


def _are_addresses(cells: Collection[str]) -> bool:
    with suppress(ValueError):
        return bool([literal(cell) for cell in cells])
    return False


def _is_host_name(text: str) -> bool:
    try:
        return "." in probe.understand(text).hostname
    except probe.NotCheckable:
        return False
