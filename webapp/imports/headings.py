"""What columns are called: by us, and by other systems."""

from __future__ import annotations

import re

COLUMNS = (
    *("kind", "client", "client_name", "reference", "product", "domain"),
    *("status", "next_due", "registered", "expires", "server", "who_renews", "tags"),
    *("contact_email", "note"),
)
DATES = ("next_due", "registered", "expires")
PROBLEM = "problem"  # the heading of the column that says why a row was left out

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
    " paiduntil registereduntil",
    "server": "serverip dedicatedip ipaddress ip serveraddress",
    "who_renews": "whorenews",
    "tags": "tags labels",
}
OURS = {heading: ours for ours, names in _HEADINGS.items() for heading in names.split()}
_SECRET = re.compile(
    r"(password|passwd|pass|pwd|secret|.*token|accesshash|transfercode|eppcode|authcode|config.*"
    r"|meta|notes?|apikey|custom(field)?\d*)\Z"
)


def squashed(heading: str) -> str:
    """Letters and digits of a heading in lower case: "User ID" and "user_id" are the same."""
    return "".join(filter(str.isalnum, heading.casefold()))


def is_secret(heading: str) -> bool:
    """Whether a column of this heading holds what no one should see here: passwords, notes."""
    return _SECRET.match(squashed(heading)) is not None


OWN = {squashed(ours): ours for ours in COLUMNS}
