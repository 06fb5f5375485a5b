"""What is said of billing systems: why one could not be read, and what is wrong with its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from webapp.probe.finding import Reason
from webapp.words.activity import fact_text
from webapp.words.counts import counted
from webapp.words.reasons import WORDS
from webapp.words.translation import Table, gettext, ngettext

SOURCE_LABELS: Mapping[str, str] = Table(
    {
        "whmcs": lambda: gettext("WHMCS"),
        "fossbilling": lambda: gettext("FOSSBilling"),
        "paymenter": lambda: gettext("Paymenter"),
        "csv": lambda: gettext("CSV"),
    }
)
# What a run is doing
DOING: Mapping[str, str] = Table(
    {
        "waiting": lambda: gettext("Queued"),
        "testing": lambda: gettext("Testing the connection"),
        "reading": lambda: gettext("Reading"),
        "comparing": lambda: gettext("Comparing"),
        "writing": lambda: gettext("Writing"),
        "listing": lambda: gettext("Updating lists"),
        "interrupted": lambda: gettext(
            "Interrupted. It continues automatically within two minutes."
        ),
    }
)
FIELDS: Mapping[str, str] = Table(
    {
        "id": lambda: gettext("ID"),
        "client": lambda: gettext("client"),
        "client_name": lambda: gettext("client name"),
        "contact_email": lambda: gettext("contact e-mail"),
        "product": lambda: gettext("product"),
        "domain": lambda: gettext("domain"),
        "status": lambda: gettext("status"),
        "next_due": lambda: gettext("next due"),
        "registered": lambda: gettext("registered"),
        "expires": lambda: gettext("registered until"),
        "server": lambda: gettext("server"),
    }
)

Parameters = Mapping[str, Any]


def fault_text(code: str, parameters: Parameters) -> str:
    """Why a run stopped; empty where it did not."""
    return _FAULTS[code](parameters) if code else ""


def _tls(found: Parameters) -> str:
    wording = WORDS[Reason(found["reason"])]
    return gettext(
        "The TLS connection to {host} is not safe. {title}: {text} Nothing was sent. Correct the"
        " certificate of the panel, then try again.",
        host=found["host"],
        title=wording.title,
        text=wording.staff,
    )


def _not_allowed(found: Parameters) -> str:
    if not found["address"]:
        return gettext("The address of the panel is not one that Padlock may connect to.")
    return gettext(
        "The panel is at {address}, which Padlock may not connect to. If this is right, add its"
        " network to PADLOCK_ALLOWED_NETWORKS.",
        address=found["address"],
    )


def _gone(found: Parameters) -> str:
    told = gettext(
        "{items} are gone at the source, more than the {percent} % that may be gone at once."
        " Nothing was changed.",
        items=gone_items(found),
        percent=found["percent"],
    )
    return " ".join(filter(None, (told, among_gone(found))))


def among_gone(found: Parameters) -> str:
    """Some of what is gone, by name; empty where that was not stored."""
    names = ", ".join(found.get("names", ()))
    return gettext("Among them: {names}.", names=names) if names else ""


def gone_items(found: Parameters) -> str:
    """ "5 of 9 services and 3 of 4 domains": the kinds of which too many are gone."""
    told = []
    if (count := found.get("service")) is not None:
        total = found["service_total"]
        told.append(gettext("{count:,} of {total:,} services", count=count, total=total))
    if (count := found.get("domain")) is not None:
        total = found["domain_total"]
        told.append(gettext("{count:,} of {total:,} domains", count=count, total=total))
    return gettext("{first} and {second}", first=told[0], second=told[1]) if told[1:] else told[0]


_FAULTS: Mapping[str, Callable[[Parameters], str]] = MappingProxyType(
    {
        # --- the connection ---
        "unreachable": lambda found: gettext(
            "The panel can't be reached: {detail}. Check that it is running, and its address.",
            detail=found["detail"] or gettext("no answer"),
        ),
        "no such host": lambda found: gettext(
            "{host} has no address in DNS. Check the address of the source.", host=found["host"]
        ),
        "no lookup": lambda found: gettext(
            "The address of {host} could not be looked up in DNS. Try again later.",
            host=found["host"],
        ),
        "not allowed": _not_allowed,
        "plain": lambda _: gettext(
            "The address must begin with https://, so that the credentials are encrypted on their"
            " way. http:// is only possible on this machine and in PADLOCK_ALLOWED_NETWORKS."
        ),
        "tls": _tls,
        "slow": lambda found: ngettext(
            "The panel did not finish an answer within {count} second. Check its load, or raise"
            " PADLOCK_SOURCES_TIMEOUT.",
            "The panel did not finish an answer within {count} seconds. Check its load, or raise"
            " PADLOCK_SOURCES_TIMEOUT.",
            found["seconds"],
        ),
        "cut": lambda _: gettext(
            "The connection was closed in the middle of an answer. Try again, and check the log of"
            " the panel."
        ),
        "large": lambda found: gettext(
            "An answer of the panel is larger than {megabytes} MB.", megabytes=found["megabytes"]
        ),
        "compressed": lambda _: gettext(
            "The panel sent a compressed answer, which was not asked for."
        ),
        "redirect": lambda found: gettext(
            "The panel redirects to {host}. Redirects to another host are not followed. Use the"
            " final address if it is right.",
            host=found["host"],
        ),
        "redirects": lambda _: gettext("The panel redirects again and again. Check the address."),
        "long wait": lambda found: ngettext(
            "The panel asks to wait for {count:,} second, and a run waits for 60 at most."
            " Try again later.",
            "The panel asks to wait for {count:,} seconds, and a run waits for 60 at most."
            " Try again later.",
            found["seconds"],
        ),
        "busy panel": lambda found: ngettext(
            "The panel still asks to wait after {count} try. Try again later.",
            "The panel still asks to wait after {count} tries. Try again later.",
            found["times"],
        ),
        # --- the answer ---
        "web page": lambda found: gettext(
            "The panel answers with a web page (status {status}) instead of data. Check the"
            " address, and that no login page, firewall or maintenance page is in between.",
            status=found["status"],
        ),
        "status": lambda found: gettext(
            "The panel answers {call} with status {status}. Check the address, and its log.",
            call=found["call"],
            status=found["status"],
        ),
        "no json": lambda found: gettext(
            "The answer of the panel to {call} can't be read: it is not valid JSON."
            " Check the address and the billing system.",
            call=found["call"],
        ),
        "no list": lambda found: gettext(
            "The answer of the panel to {call} can't be read: it has no list where one belongs."
            " Check the address and the billing system.",
            call=found["call"],
        ),
        "other product": lambda found: gettext(
            "This address does not answer as {product} does. Check the address and the billing"
            " system.",
            product=SOURCE_LABELS.get(found.get("kind", ""), gettext("this product")),
        ),
        "no end": lambda found: gettext(
            "The panel sends the same page of {call} again and again.", call=found["call"]
        ),
        "secret": lambda _: gettext(
            "The panel does not accept the credentials. Create new ones in the panel, then enter"
            " them under Change."
        ),
        "address": lambda found: gettext(
            "The panel does not accept calls from {address}. Add this address to its list of"
            " allowed addresses.",
            address=found["address"],
        ),
        "address unknown": lambda _: gettext(
            "The panel does not accept calls from this address. Add the public address of this"
            " server to its list of allowed addresses."
        ),
        "permission": lambda found: gettext(
            "The credentials lack a permission: {call}. Add it in the panel.", call=found["call"]
        ),
        "no access": lambda _: gettext(
            "The panel denies access. Use an API key of type admin, and add the address of this"
            " server to its list of allowed addresses."
        ),
        "panel error": lambda found: gettext(
            "The panel reports an error for {call}. Its own log says more.", call=found["call"]
        ),
        "panel code": lambda found: gettext(
            "The panel reports error {code} for {call}. Its own log says more.",
            call=found["call"],
            code=found["number"],
        ),
        "referrer": lambda _: gettext(
            "The panel only accepts calls with a referrer. Switch this off in its API settings."
        ),
        "table": lambda found: gettext("The CSV can't be read. {text}", text=found["text"]),
        "dates": lambda found: gettext(
            "Dates such as {example} can be read with the day or the month first. Write dates as"
            " 2026-11-23.",
            example=found["example"],
        ),
        # --- on this side ---
        "gone": _gone,
        "removed": lambda _: gettext("The source was removed. Nothing was written."),
        "running": lambda _: gettext("This source is already being synced."),
        "changed": lambda _: gettext(
            "Something else was changed at the same time. Nothing was written. Sync again."
        ),
        "other key": lambda _: gettext(
            "The credentials can't be decrypted, because the secret key of the site has changed."
            " Enter them again under Change."
        ),
        "interrupted": lambda _: gettext("Padlock was stopped. Nothing was written."),
        "our fault": lambda _: gettext(
            "Padlock failed, and nothing was written. The error is in the site's log."
        ),
    }
)


# --- a row ---


def row_text(kind: str, key: str | None) -> str:
    """Which row has a problem: its kind, and its id at the source."""
    if key is None:
        return {
            "client": gettext("client without ID"),
            "service": gettext("service without ID"),
            "domain": gettext("domain without ID"),
        }[kind]
    return {
        "client": gettext("client {id}", id=key),
        "service": gettext("service {id}", id=key),
        "domain": gettext("domain {id}", id=key),
    }[kind]


def line_text(line: int) -> str:
    """Which line of a CSV has a problem."""
    return gettext("line {line:,}", line=line)


def no_record() -> str:
    """A number or a text where a record belongs."""
    return gettext("It is not a record.")


def no_id() -> str:
    """A record that nothing can be found by again."""
    return gettext("It has no ID that is a whole number above 0.")


def no_client() -> str:
    """An item without a client."""
    return gettext("It names no client.")


def no_text() -> str:
    """A list or a switch where a text belongs."""
    return gettext("It is not text.")


def not_text() -> str:
    """Characters that no text has."""
    return gettext("It contains characters that are not text.")


def no_address(text: str) -> str:
    """A note: another text where an address belongs."""
    return gettext("“{text}” is not an IP address and was left out.", text=text)


def no_status(text: str) -> str:
    """A status that is not known."""
    return gettext("“{text}” is not a known status.", text=text)


def no_instant() -> str:
    """Something else where a date with a time belongs."""
    return gettext("It is not a date.")


def bad_email(text: str) -> str:
    """A note: a client without a usable address."""
    return gettext("“{text}” is not an e-mail address and was left out.", text=text)


def name_again(key: str) -> str:
    """A note: the other record of this name counts."""
    return gettext(
        "The client has this name again as domain {id}: that one counts, and this one was left"
        " out.",
        id=key,
    )


# --- what an administrator enters ---


def bad_url() -> str:
    """No address."""
    return gettext("Enter the full address, for example https://billing.example.com.")


def url_with_login() -> str:
    """Credentials in the address."""
    return gettext("Credentials don't belong in the address. Enter them as credentials.")


def url_with_query() -> str:
    """More than the address of the panel."""
    return gettext("Enter the address without “?” and what follows it.")


def url_with_fragment() -> str:
    """A part of a page in the address."""
    return gettext("Enter the address without “#” and what follows it.")


def bad_credentials() -> str:
    """Credentials with a line break, or that no header can hold."""
    return gettext(
        "The credentials contain a line break or another character that can't be sent. Copy them"
        " from the panel again."
    )


def credentials_too_long() -> str:
    """More than is stored; characters beyond ASCII take six times as much."""
    return gettext("The credentials are too long. Copy them from the panel again.")


def credentials_again() -> str:
    """Another server gets none of the credentials that were entered for the one before."""
    return gettext("This is another server. Enter its credentials.")


def credential_missing() -> str:
    """A field that the panel needs is empty."""
    return gettext("Enter this too. The panel needs it.")


def kind_missing() -> str:
    """No kind was chosen."""
    return gettext("Choose the billing system.")


def bad_percent() -> str:
    """No percentage."""
    return gettext("Enter a whole number from 0 to 100.")


def bad_property_key() -> str:
    """No property is called so."""
    return gettext("Enter the key of the property, for example domain.")


def name_taken() -> str:
    """Another source has the name."""
    return gettext("There is a source with this name already.")


def bad_name() -> str:
    """A name that can't be used."""
    return gettext("Enter a name of 1 to 60 visible characters.")


# --- the pages ---

_MODES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "sync": lambda: gettext("Sync"),
        "preview": lambda: gettext("Preview"),
        "test": lambda: gettext("Test"),
    }
)


# What has to be set up in the panel
SET_UP: Mapping[str, str] = Table(
    {
        "whmcs": lambda: gettext(
            "In WHMCS, create API credentials whose role allows GetClients, GetClientsProducts,"
            " GetClientsDomains and GetProducts. Add the address of this server under API IP Access"
            " Restriction: if it is missing, the test names it."
        ),
        "fossbilling": lambda: gettext(
            "In FOSSBilling, create an API key of a staff member who may view clients, orders and"
            " servers. Switch on Show Addon Orders in Orders List. Otherwise, domains bought"
            " together with hosting are missing."
        ),
        "paymenter": lambda: gettext(
            "In Paymenter, create an API key of type admin that may view users, services, products"
            " and properties."
        ),
        "csv": lambda: gettext(
            "A CSV file with the columns of an import, at an https address. If it has a key after"
            " “?”, the key is stored encrypted."
        ),
    }
)


def mode_text(mode: str) -> str:
    """What a run is for."""
    return _MODES[mode]()


def progress_text(doing: str, done: int, percent: int) -> str:
    """ "Reading: 1,200 rows", "Comparing: 40 %": how far a run is."""
    words = DOING[doing]
    if percent:
        return gettext("{doing}: {percent} %", doing=words, percent=percent)
    if not done:
        return words
    return ngettext("{doing}: {count:,} row", "{doing}: {count:,} rows", done, doing=words)


def saved(name: str) -> str:
    """After *Save*, which tests the connection."""
    return gettext("{name} was saved.", name=name)


def paused(name: str) -> str:
    """After *Pause*."""
    return gettext(
        "{name} is paused. It isn't synced automatically until you resume it.", name=name
    )


def resumed(name: str) -> str:
    """After *Resume*."""
    return gettext("{name} is no longer paused.", name=name)


def removed(name: str) -> str:
    """After *Remove*."""
    return gettext("{name} was removed. Its clients, services and domains stay.", name=name)


def works() -> str:
    """After a test without a fault."""
    return gettext("The connection works.")


def agree_text(count: Parameters) -> str:
    """The question of a run that stopped because too much is gone."""
    return gettext(
        "{items} are gone at the source and would be cancelled here. This is more than the"
        " {percent} % that may be gone at once, so nothing was changed.",
        items=gone_items(count),
        percent=count["percent"],
    )


def comes_from_here(counts: Mapping[str, int]) -> str:
    """What a source has brought."""
    return gettext("{items} come from this source.", items=_items(counts))


def stays(counts: Mapping[str, int]) -> str:
    """What the removal of a source does not remove."""
    if not any(counts.values()):
        return gettext("Nothing has been synced from it yet.")
    return gettext("{items} from it stay. You then change them by hand.", items=_items(counts))


def _items(counts: Mapping[str, int]) -> str:
    client, service, domain = (
        counted(kind, counts[kind]) for kind in ("client", "service", "domain")
    )
    return gettext(
        "{clients}, {services} and {domains}", clients=client, services=service, domains=domain
    )


# --- what comes from a source ---


def owned_text(facts: Sequence[str]) -> str:
    """On a form, before it is saved; `facts` in the words of the activity log."""
    return gettext(
        "The next sync overwrites what you change here in: {facts}. To keep a change, make it in"
        " the billing system.",
        facts=", ".join(map(fact_text, facts)),
    )


def by_hand_text(facts: Sequence[str]) -> str:
    """What is not as the source says, until it is synced."""
    return gettext(
        "Changed here since the last sync: {facts}. The next sync overwrites it.",
        facts=", ".join(map(fact_text, facts)),
    )


def moves_back(source: str) -> str:
    """Before a move to another client."""
    return gettext("It comes from {source}: the next sync moves it back.", source=source)


def comes_back(source: str) -> str:
    """Before a deletion."""
    return gettext(
        "It comes from {source}: the next sync adds it again, unless it is deleted there.",
        source=source,
    )
