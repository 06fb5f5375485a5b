"""Every word and icon a person sees for a state or a reason. Pure: no Flask, no database, no clock of its own.

Tooltips, pages, reports and the command line all take their words from here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import Enum
from shlex import quote
from types import MappingProxyType
from typing import Any, Protocol

from webapp.probe.certificate import clean
from webapp.probe.chain import Remark, Weakness
from webapp.probe.finding import (
    BROWSERS_REFUSE,
    Field,
    Finding,
    NotAsked,
    Note,
    Problem,
    Reason,
    Signing,
    Staple,
    StapleStatus,
    State,
    Stray,
)
from webapp.probe.hostname import NotCheckable, Refusal, to_unicode, understand
from webapp.probe.judge import OF_THE_PATH
from webapp.probe.steps import Failure, Origin, SecondCertificate

EXPIRING_DAYS = 14  # a valid certificate with no more than this left carries an amber warning
EXPIRING_WITHIN = timedelta(days=EXPIRING_DAYS)


@dataclass(frozen=True, slots=True)
class Look:
    """How a state looks. `icon` is the name of a Tabler icon: the shape alone tells the four apart."""

    label: str
    icon: str
    meaning: str


LOOKS: Mapping[State, Look] = MappingProxyType(
    {
        State.VALID: Look("Valid", "lock-check", "The certificate was checked and is valid."),
        State.INVALID: Look("Invalid", "lock-x", "The server answers without a valid certificate."),
        State.UNKNOWN: Look("Unknown", "lock-question", "We couldn't reach the server, so we can't tell."),
        State.INACTIVE: Look("Inactive", "lock-minus", "Not active, so it is not checked."),
    }
)


EXPIRING_LABEL = "Expires soon"
EXPIRING_EXAMPLE = "12 days"
EXPIRING_MEANING = f"Valid, with {EXPIRING_DAYS} days left or less: time to renew the certificate."
# What a list can be narrowed to, the most urgent first.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "invalid": LOOKS[State.INVALID].label,
        "expiring": f"Expires within {EXPIRING_DAYS} days",
        "unknown": LOOKS[State.UNKNOWN].label,
        "valid": LOOKS[State.VALID].label,
        "inactive": LOOKS[State.INACTIVE].label,
    }
)


@dataclass(frozen=True, slots=True)
class Wording:
    """One reason in words: `title` in a few of them, `customer` what is wrong, `cure` who can mend it and how,
    `staff` what a technician wants to know, `curl` the error number curl ends with (None: nothing is sent)."""

    title: str
    customer: str
    cure: str
    staff: str
    curl: int | None


_RENEW = "Ask your hosting provider for a new certificate, and why it didn't renew automatically."
_TRY_LATER = "Check again in a few minutes. If it stays like this, ask your hosting provider."

WORDS: Mapping[Reason, Wording] = MappingProxyType(
    {
        Reason.OK: Wording(
            "Valid certificate",
            "Visitors reach this site over a secure connection.",
            "Nothing to do.",
            "Chain and host name verified.",
            0,
        ),
        Reason.EXPIRED: Wording(
            "Certificate expired",
            "The certificate has expired. Browsers warn visitors away from this site.",
            _RENEW,
            "The leaf is past its not_after. Look at why the renewal did not run, or was not reloaded by the server.",
            60,
        ),
        Reason.NOT_YET_VALID: Wording(
            "Certificate not valid yet",
            "The certificate is not valid until a later date. Until then browsers warn visitors away."
            " If your browser shows no warning, our own clock may be wrong.",
            "Ask your hosting provider to put the earlier certificate back, or issue a new one.",
            "The leaf is before its not_before. Compare the issuer's clock with this monitor's: ours may be wrong.",
            60,
        ),
        Reason.CHAIN_EXPIRED: Wording(
            "Issuer's certificate not valid now",
            "The certificate relies on an issuer's certificate that has expired, or is not valid yet.",
            "Ask your hosting provider to install the issuer's current certificates, or issue a new one.",
            "An intermediate or root that the path needs is past its not_after, or before its not_before."
            " Replace the chain file.",
            60,
        ),
        Reason.SELF_SIGNED: Wording(
            "Self-signed certificate",
            "The server uses a certificate it signed itself. Browsers do not trust it.",
            "Ask your hosting provider to replace it with a certificate of a public authority, many of which are free.",
            "The leaf is self-signed, most often the web server's default certificate.",
            60,
        ),
        Reason.UNTRUSTED_ISSUER: Wording(
            "Issuer not trusted",
            "The certificate was issued by an authority that browsers do not trust.",
            "Ask your hosting provider to replace it with a certificate of a public authority.",
            "The path ends at a root that was sent and is not in the trust store: a private, withdrawn or staging"
            " authority.",
            60,
        ),
        Reason.INCOMPLETE_CHAIN: Wording(
            "Incomplete certificate chain",
            "The server does not send all the certificates that lead to a trusted authority. Some browsers may find the"
            " missing one themselves, others refuse the site.",
            "Ask your hosting provider to install the missing intermediate certificate. If the authority is not a"
            " public one, ask for a certificate from one that is.",
            "The last certificate of the path names an issuer that was not sent and is not in the trust store: an"
            " intermediate is missing, or the issuer is a private root.",
            60,
        ),
        Reason.WRONG_HOSTNAME: Wording(
            "Certificate for another name",
            "The server shows a certificate that was issued for another name than this one.",
            "Ask your hosting provider to issue a certificate for this name, or point the name at the right server.",
            "The name is not in the SAN (the CN does not count). Look at the virtual host that answers for this SNI.",
            60,
        ),
        Reason.WRONG_PURPOSE: Wording(
            "Certificate not meant for websites",
            "The certificate was made for another use than a website.",
            "Ask your hosting provider to replace it with a certificate for web servers.",
            "The extended key usage lacks serverAuth, or the key usage forbids what a server does.",
            60,
        ),
        Reason.WEAK_CRYPTO: Wording(
            "Outdated cryptography",
            "The certificate uses cryptography that is too weak to be relied on.",
            "Ask your hosting provider to issue a new certificate with a current key.",
            "A key or a digest of the chain, or the key exchange, is below security level 2 (RSA 2048, SHA-256).",
            60,
        ),
        Reason.REVOKED: Wording(
            "Certificate revoked",
            "The issuer has withdrawn this certificate.",
            "Ask your hosting provider for a new certificate with a new key, and why this one was withdrawn.",
            "The issuer revoked the leaf, according to its revocation list or the stapled OCSP answer.",
            60,
        ),
        Reason.CHAIN_INVALID: Wording(
            "Broken certificate chain",
            "The certificate, or one of its issuer's, breaks a rule. Browsers refuse the site.",
            "Ask your hosting provider for a new certificate from a public authority.",
            "OpenSSL refuses the chain, see its text.",
            60,
        ),
        Reason.NO_TLS: Wording(
            "HTTPS is not set up",
            "The server answers, but does not speak a secure connection there.",
            "Ask your hosting provider to switch on HTTPS for this site.",
            "The port answers with something that is not TLS, see the first bytes.",
            35,
        ),
        Reason.HANDSHAKE_FAILED: Wording(
            "HTTPS connection fails",
            "The secure connection breaks off before it is complete, so visitors can't open the site.",
            "Ask your hosting provider to correct the HTTPS settings for this name.",
            "Alert, reset or end of stream before the handshake was finished, or something that our side declines,"
            " such as TLS 1.1.",
            35,
        ),
        Reason.REFUSED: Wording(
            "HTTPS is off",
            "The server does not offer a secure connection at all.",
            "Ask your hosting provider to switch on HTTPS for this site.",
            "Every address refuses the connection to the port.",
            7,
        ),
        Reason.DNS_NOT_FOUND: Wording(
            "Name not found",
            "The name does not lead to a server.",
            "Check that the domain is registered, and that its DNS zone has an address (A or AAAA) for this name.",
            "The name does not exist, or has no address.",
            6,
        ),
        Reason.DNS_FAILED: Wording(
            "Name could not be looked up",
            "The name servers of this domain gave no usable answer.",
            _TRY_LATER,
            "The resolver failed or did not answer in time. Look at the delegation and at this machine's resolver.",
            6,
        ),
        Reason.TIMEOUT: Wording(
            "No answer",
            "The server did not answer in time.",
            _TRY_LATER,
            "No verdict within the deadline: a firewall that drops, or a server that is overloaded or stalls.",
            28,
        ),
        Reason.UNREACHABLE: Wording(
            "Not reachable",
            "The server can't be reached at the moment.",
            _TRY_LATER,
            "No route to the host or its network.",
            7,
        ),
        Reason.BLOCKED: Wording(
            "Points to a private address",
            "The name leads to an address that is not on the public internet, so it is not asked.",
            "If the site is meant to be public, point the name at the server's public address.",
            "None of its addresses may be asked: they are private, loopback, link-local, otherwise special or denied."
            " PADLOCK_ALLOWED_NETWORKS adds networks by choice.",
            None,
        ),
        Reason.NOT_CHECKABLE: Wording(
            "Not the name of a site",
            "What is entered as the domain is not a name that can be checked.",
            "Ask your hosting provider to correct the domain. It looks like this: example.com",
            "The Domain field is not a host name: nothing was sent.",
            None,
        ),
        Reason.MONITOR_ERROR: Wording(
            "Error on our side",
            "The check failed on our side. It says nothing about this site.",
            "Nothing to do on your side. Check again in a few minutes.",
            "The monitor failed, see its log.",
            None,
        ),
    }
)

# What a technician does about each reason.
MENDS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.OK: "Nothing to do.",
        Reason.EXPIRED: "Renew the certificate (certbot renew, acme.sh --cron, AutoSSL), then reload the web server."
        " Read"
        " the log of the last renewal: a failed challenge or a missing reload is the usual cause.",
        Reason.NOT_YET_VALID: "Serve the earlier certificate until then, or issue one that starts now. Check the"
        " clock of"
        " the issuing machine.",
        Reason.CHAIN_EXPIRED: "Replace the chain file by the issuer's current one, then reload the web server.",
        Reason.SELF_SIGNED: "Find out why the virtual host fell back to its default certificate, and issue one by a"
        " public"
        " authority (ACME).",
        Reason.UNTRUSTED_ISSUER: "Issue a certificate from a public authority. Where it was a staging or test"
        " authority, take"
        " the production one.",
        Reason.INCOMPLETE_CHAIN: "Serve the leaf together with every intermediate (fullchain.pem, not cert.pem), then"
        " reload the web server. If the missing issuer is a private root, issue a certificate from a public authority.",
        Reason.WRONG_HOSTNAME: "Issue a certificate that has this name among its names, and see that the virtual"
        " host for"
        " this name serves it; or correct where DNS leads.",
        Reason.WRONG_PURPOSE: "Issue a certificate with the extended key usage serverAuth.",
        Reason.WEAK_CRYPTO: "Issue a new certificate with an RSA key of 2048 bits or more, or EC P-256, signed with"
        " SHA-256.",
        Reason.REVOKED: "Issue a new certificate with a new key. Ask the authority why: a key that leaked must not"
        " return.",
        Reason.CHAIN_INVALID: "Look up OpenSSL's text, and compare the chain as served with the one that the authority"
        " publishes.",
        Reason.NO_TLS: "Switch TLS on for port 443 (listen 443 ssl; SSLEngine on), or see which program took the port.",
        Reason.HANDSHAKE_FAILED: "Allow TLS 1.2 and 1.3, and see that there is a virtual host with a certificate for"
        " this"
        " name. Look at the error log of the web server for this moment.",
        Reason.REFUSED: "Start the web server and let it listen on port 443, and open that port in the firewall.",
        Reason.DNS_NOT_FOUND: "Add an A or AAAA record for the name, and check the registration and the delegation.",
        Reason.DNS_FAILED: "Ask each name server of the zone directly (dig @server name). Check DNSSEC and the"
        " delegation.",
        Reason.TIMEOUT: "Check from another network. Look for a firewall that drops, and at the load of the web"
        " server.",
        Reason.UNREACHABLE: "Check routing, and whether the address is announced; for IPv6, whether this machine has"
        " it.",
        Reason.BLOCKED: "Point the name at a public address, or add the network to PADLOCK_ALLOWED_NETWORKS.",
        Reason.NOT_CHECKABLE: "Correct the Domain field: a host name such as www.example.com.",
        Reason.MONITOR_ERROR: "Read the log of the monitor, and check again.",
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What stands behind a reason that has many causes, in words: see `Wording`; `mend` is for a technician. An empty
    title or staff text is the reason's own."""

    customer: str
    cure: str
    mend: str
    title: str = ""
    staff: str = ""


_SIGNATURE = Fault(
    "The signature on a certificate does not match the issuer that the server sends with it.",
    "Ask your hosting provider to install the certificate again from the authority's original files. If that does not"
    " help, the site needs a new certificate.",
    "A file is damaged, or the intermediate has the right name and another key. Compare the key identifiers (openssl"
    " x509 -ext subjectKeyIdentifier,authorityKeyIdentifier), and serve the chain that came with this very leaf.",
)
_NO_AUTHORITY = Fault(
    "An issuer of the certificate is not allowed to issue certificates.",
    "Ask your hosting provider for a new certificate, issued by a public authority.",
    "An issuer on the path is no authority (basicConstraints CA:TRUE, keyUsage keyCertSign). Issue the leaf with a"
    " certificate that is one.",
)
_NOT_FOR_SERVERS = Fault(
    "The issuer of the certificate is not allowed to issue certificates for websites.",
    "Ask your hosting provider for a new certificate, issued for a website.",
    "The extended key usage of an intermediate leaves out serverAuth. Issue the leaf with an intermediate for servers.",
)
_TOO_FAR_BELOW = Fault(
    "There are more issuers in a row than the authority at the top allows.",
    "Ask your hosting provider for a new certificate from an issuer that the authority allows.",
    "A CA stands below one whose path length (basicConstraints pathlen) forbids it. Issue the leaf with the CA above.",
)
_TOO_LONG = Fault(
    "There are more certificates between the site and a trusted authority than we follow.",
    "Ask your hosting provider to replace the certificate with one that has fewer issuers above it.",
    "The chain is longer than the ten intermediates that are followed, or runs in a circle. Issue the leaf with a CA"
    " nearer to the root.",
)
_OUTSIDE = Fault(
    "The issuer of the certificate is not allowed to issue certificates for this name.",
    "Ask your hosting provider for a new certificate, from an authority that may issue one for this name.",
    "The name constraints of an issuer leave out a name of the leaf. Issue it with another CA, or without that name.",
)
_BAD_CONSTRAINTS = Fault(
    "The issuer's certificate limits the names it may issue for, in a form that clients cannot read.",
    "Ask your hosting provider for a new certificate from another authority.",
    "The name constraints of an issuer, or a name of the leaf, are in a form that OpenSSL does not support. Issue the"
    " leaf with another CA.",
)
_UNKNOWN_DEMAND = Fault(
    "A certificate makes a demand that browsers do not know, so they have to refuse it.",
    "Ask your hosting provider for a new certificate without that demand.",
    "An extension marked critical is unknown, or unsupported. Issue the certificate without it, or not critical.",
)
_MALFORMED = Fault(
    "A certificate holds entries that are malformed or contradict each other.",
    "Ask your hosting provider for a new certificate. This one was issued with a fault.",
    "An extension cannot be read, is there twice, or contradicts another one (openssl x509 -text). Correct the template"
    " it is issued from, and issue it again.",
)
_UNREADABLE = Fault(
    "The certificate or its issuer's is malformed, so the two cannot be matched.",
    _MALFORMED.cure,
    _MALFORMED.mend,
)
_BAD_DATES = Fault(
    "The dates of an issuer's certificate cannot be read.",
    "Ask your hosting provider for a new certificate. This one was issued with a fault.",
    "notBefore or notAfter is not a date as RFC 5280, 4.1.2.5 wants it. Issue the certificate again.",
)
_BAD_DATES_OF_LEAF = replace(_BAD_DATES, customer="The dates of the certificate cannot be read.")
_BAD_ALGORITHM = Fault(
    "A certificate uses a kind of key or signature that clients do not support.",
    "Ask your hosting provider for a new certificate with a common kind of key.",
    "Issue it with an RSA key of 2048 bits or more, or EC P-256 by its name, signed with SHA-256.",
)
_ISSUER_TOO_EARLY = Fault(
    "An issuer's certificate is not valid yet. If browsers show no warning, our own clock may be wrong.",
    "Ask your hosting provider to install the issuer's current certificates, or to wait until the new ones are valid.",
    "An intermediate is before its not_before. Replace the chain file by the issuer's current one, and check the clock"
    " of the CA.",
)
_ISSUER_EXPIRED = Fault(
    "An issuer's certificate has expired.",
    WORDS[Reason.CHAIN_EXPIRED].cure,
    MENDS[Reason.CHAIN_EXPIRED],
)
_PROXY = Fault(
    "The certificate is of a kind that stands in for another one. Websites cannot use it.",
    "Ask your hosting provider for an ordinary certificate for this name.",
    "A proxy certificate (RFC 3820) is no certificate for a server. Issue an ordinary one.",
)
# What a verify error (X509_V_ERR_*) that makes a chain invalid is about. One that is not here keeps the words of
# `Reason.CHAIN_INVALID`: OpenSSL reports it only where it is asked to be strict, or where it failed itself.
CHAIN_FAULTS: Mapping[int, Fault] = MappingProxyType(
    dict.fromkeys((4, 7, 29, 30, 31, 77), _SIGNATURE)
    | dict.fromkeys((32, 37, 79, 80, 81, 82, 89, 92), _NO_AUTHORITY)
    | dict.fromkeys((26, 39), _NOT_FOR_SERVERS)
    | {25: _TOO_FAR_BELOW}
    | dict.fromkeys((22, 55), _TOO_LONG)
    | dict.fromkeys((46, 47, 48), _OUTSIDE)
    | dict.fromkeys((49, 51, 52, 53), _BAD_CONSTRAINTS)
    | dict.fromkeys((34, 45), _UNKNOWN_DEMAND)
    # 2, 20 and 21 are about a leaf that OpenSSL cannot read: see `judge`.
    | dict.fromkeys((2, 20, 21), _UNREADABLE)
    | dict.fromkeys((41, 42, 43, 78, *range(83, 89), 90, 91, 93, 102, 103), _MALFORMED)
    | dict.fromkeys((13, 14), _BAD_DATES)
    | dict.fromkeys((6, 24, *range(56, 62), 76, 94), _BAD_ALGORITHM)
    | dict.fromkeys((38, 40, 72), _PROXY)
)

LEAF_FAULTS: Mapping[int, Fault] = MappingProxyType(dict.fromkeys((13, 14), _BAD_DATES_OF_LEAF))
_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED

DEAD_END = Fault(
    "Browsers accept the certificate, but many apps and other programs refuse it. The server sends a second certificate"
    " of the issuer, which leads them into a dead end.",
    "Ask your hosting provider to leave out the certificate that leads into a dead end, or to put the good one before"
    " it.",
    "Leave out the certificate that leads into a dead end, or send it after the one that works. Then reload the"
    " web server.",
    title="Trusted by browsers only",
    staff="Two certificates fit as an issuer. curl, PHP and Python take the first and end where it ends. Another path"
    " over the certificates sent verifies: browsers and Go find it.",
)
# Of a path that is complete only in part: what a note adds to the words of `Reason.INCOMPLETE_CHAIN`.
_UNFIT_ISSUER = replace(
    _NO_AUTHORITY,
    mend="The issuer's certificate was sent and its key fits, and yet OpenSSL does not take it: look at its keyUsage"
    " (keyCertSign).",
    staff="The issuer was sent and may not issue certificates (keyUsage).",
)
_OTHER_IDENTIFIER = Fault(
    "The certificate names another certificate of its issuer than the one that the server sends. Many programs refuse"
    " that; browsers may open the site.",
    "Ask your hosting provider to install the intermediate certificate that was issued together with this certificate.",
    "Serve the intermediate that the authority publishes for this leaf. If there is none, issue the leaf again. Compare"
    " key identifier, issuer and serial number (openssl x509 -serial -ext"
    " subjectKeyIdentifier,authorityKeyIdentifier).",
    staff="The issuer was sent and its key fits. The authority key identifier of the certificate below it names another"
    " one.",
)

# What changes no verdict. The places in braces take what a `Remark` has.
WEAKNESSES: Mapping[Weakness, str] = MappingProxyType(
    {
        Weakness.CHAIN_ORDER: "The chain is sent in the wrong order. Browsers sort it, some other clients do not.",
        Weakness.EXTRA: "An unneeded certificate is sent: {about}.",
        Weakness.EXTRA_EXPIRED: "An unneeded certificate that has expired is sent: {about}. Old clients may"
        " follow it into a dead end.",
        Weakness.SENT_TWICE: "A certificate is sent twice: {about}.",
        Weakness.ROOT_SENT: "The root is sent along: {about}. Clients have it or do not trust it; leave it out.",
        Weakness.SHA1: "Signed with a digest that has been broken (SHA-1): {about}.",
        Weakness.SHORT_KEY: "An RSA key of less than 2048 bits: {about}.",
        Weakness.OLD_TLS: "The server speaks nothing newer than TLS 1.2. Switch TLS 1.3 on.",
        Weakness.LONG_LIFETIME: "The certificate is valid for {days} days. A public authority could issue one for"
        " {limit} at that time. Browsers may refuse it, unless its authority is a private one.",
        Weakness.NO_SECURE_RENEGOTIATION: "The server lacks secure renegotiation (RFC 5746). Browsers get in, curl and"
        " programs on OpenSSL 3 don't. Update the server's TLS library.",
    }
)


@dataclass(frozen=True, slots=True)
class OriginWording:
    """Where a name leads, seen from its server: a label, and a sentence for the customer and for staff."""

    label: str
    customer: str
    staff: str


ORIGINS: Mapping[Origin, OriginWording] = MappingProxyType(
    {
        Origin.HERE: OriginWording(
            "Points to our server",
            "The name leads to your hosting provider's server, as it should.",
            "The server of this service is among the addresses of the name.",
        ),
        Origin.CDN: OriginWording(
            "Behind a CDN",
            "A network of another company (a CDN) stands between your visitors and your hosting provider's server. What"
            " visitors see of the certificate is set up there.",
            "Visitors meet a CDN or proxy first: its certificate is what the padlock shows. Fix it in the CDN's panel.",
        ),
        Origin.ELSEWHERE: OriginWording(
            "Points elsewhere",
            "The name leads to another server than your hosting provider's. If that is not meant, correct it where the"
            " domain's name servers are managed.",
            "None of its addresses is the server of this service, and nothing points to a CDN. Correct the A and AAAA"
            " records, or ask the customer whether the site has moved.",
        ),
        Origin.NOWHERE: OriginWording(
            "Points nowhere",
            "No server answers at the addresses of this name.",
            "No address of the name takes a connection. Point the A and AAAA records at the server of this service.",
        ),
    }
)

HTTP_FAILURES: Mapping[Failure, str] = MappingProxyType(
    {
        Failure.EMPTY: "The connection was ended without an answer.",
        Failure.TLS: "The secure connection for reading the page ended before an answer came.",
        Failure.BROKEN: "No answer that a browser could read.",
        Failure.NOT_HTTP: "The server answers, but not in HTTP.",
        Failure.BAD_HEADER: "Its headers contain a NUL byte. Browsers refuse that.",
        Failure.TOO_MANY_INTERIM: "It sends more than 64 interim answers.",
        Failure.HEADERS_TOO_LARGE: "Its headers are larger than 256 kB. Browsers refuse that.",
        Failure.TOO_MUCH_WORK: "Reading its answer takes too much computing time.",
        Failure.TIMEOUT: "No answer in time.",
        Failure.REFUSED: "The connection is refused.",
        Failure.OTHER_CERTIFICATE: "The same address showed another certificate than a moment before.",
    }
)
NOT_EVERYWHERE = "not at every address"
ADDRESSES_DIFFER = "The addresses of this name show different things: what a visitor sees depends on the one they meet."
NOT_IN_EVERY_BROWSER = "not in every browser"
# What a second certificate is, which only some browsers are shown.
SECOND: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.OK: "It is valid.",
        Reason.EXPIRED: "It expired {ago}.",
        Reason.NOT_YET_VALID: "It is not valid yet.",
        Reason.CHAIN_EXPIRED: "Its issuer's certificate is not valid now.",
        Reason.SELF_SIGNED: "It is self-signed.",
        Reason.UNTRUSTED_ISSUER: "Its issuer is not trusted.",
        Reason.INCOMPLETE_CHAIN: "Its certificate chain is incomplete.",
        Reason.WRONG_HOSTNAME: "It is for another name.",
        Reason.WRONG_PURPOSE: "It is not meant for websites.",
        Reason.WEAK_CRYPTO: "It uses outdated cryptography.",
        Reason.REVOKED: "It is revoked.",
        Reason.CHAIN_INVALID: "Its certificate chain is broken.",
    }
)
# The options of openssl that offer the server one kind of key only.
_SIGALGS: Mapping[Signing, str] = MappingProxyType(
    {Signing.RSA: "RSA-PSS+SHA256:RSA+SHA256", Signing.ECDSA: "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512"}
)
HTTP2_ONLY = "The server speaks HTTP/2, and answers nothing in HTTP/1.1. That is all right."
CERT_STATUS_FAILED = 91  # what curl --cert-status ends with where the staple is not good
CURL_ERRORS: Mapping[int, str] = MappingProxyType(
    {
        1: "Unsupported protocol",
        6: "Could not resolve host",
        7: "Failed to connect",
        8: "Weird server reply",
        28: "Operation timed out",
        35: "TLS handshake failed",
        52: "Empty reply from server",
        56: "Failure when receiving data from the peer",
        60: "SSL certificate problem",
    }
)

REFUSALS: Mapping[Refusal, str] = MappingProxyType(
    {
        Refusal.EMPTY: "No domain is entered.",
        Refusal.TOO_LONG: "It is too long for a host name: 63 characters between dots, 253 in all.",
        Refusal.ADDRESS: "It is an IP address, or ends in a number as one does. Enter the name of the site.",
        Refusal.SINGLE_LABEL: "It is a single word. A full name has a dot: example.com",
        Refusal.EMAIL: "It is an e-mail address. Enter the name of the site, such as example.com",
        Refusal.CREDENTIALS: "It holds a user name or a password. Enter only the name of the site.",
        Refusal.SEVERAL_NAMES: "It holds more than one name. Enter one name for each item.",
        Refusal.SPACE: "There is a space, tab or line break inside the name. Remove it.",
        Refusal.COMMA: "There is a comma inside the name. Write a dot: example.com",
        Refusal.WILDCARD: "A star can only stand for the whole first part, as in *.example.com",
        Refusal.BAD_PORT: "What follows the colon is not a port. A port is one number from 1 to 65535.",
        Refusal.EMPTY_LABEL: "There is a dot too many: two in a row, or one at the start.",
        Refusal.HYPHEN: "No part of a host name starts or ends with a hyphen.",
        Refusal.BAD_CHARACTERS: "It holds characters that no host name has.",
    }
)

DIAGNOSING = "The diagnosis is running. Results appear below, step by step."
DIAGNOSIS_OFFER = (
    "A diagnosis looks at every address of the name, at its certificate and at the website, and says what to do."
)
CUT_SHORT = "We stopped early: reading what this server sends takes too much computing time. Some steps are missing."
DIAGNOSIS_LATER = "Too many diagnoses are running, or another user is diagnosing this site. Try again in a minute."
NEVER_ASKED = "Not checked yet."
CHECKING = "Checking…"
UNREADABLE = "Not readable"
FIELDS: Mapping[Field, str] = MappingProxyType(
    {
        Field.SUBJECT: "whom it was issued to",
        Field.ISSUER: "its issuer",
        Field.NAMES: "some of its names",
        Field.SERIAL: "its serial number",
        Field.NOT_BEFORE: "its start date",
        Field.NOT_AFTER: "its end date",
        Field.KEY: "its key",
        Field.SIGNATURE: "its signature algorithm",
    }
)
NO_ISSUER_NAME = "an issuer without a name"
NO_SUBJECT_NAME = "a certificate without a name"
NEVER_ASKED_LOOK = Look("Not checked yet", "lock", "It is checked as soon as a page shows it.")

BROWSERS_MAY_REFUSE = "Browsers may refuse it"
# In place of the words for visitors of a valid certificate: the note beside it says why.
MANY_BROWSERS_REFUSE = "The certificate is valid, but not every browser accepts it."
BROWSERS: Mapping[str, str] = MappingProxyType({"refuse": BROWSERS_MAY_REFUSE})  # what a list can be narrowed to
_REFUSED = "Browsers may refuse this certificate: "
NOTES: Mapping[Note, str] = MappingProxyType(
    {
        Note.CLIENT_CERTIFICATE_WANTED: "The server asks visitors for a certificate of their own.",
        Note.ENDED_BY_US: "Our side ended the connection, not the server: it doesn't accept what the server sent.",
        Note.BROWSERS_REFUSE_KEY: _REFUSED + "Chrome doesn't support this kind of key."
        " Issue a new one with an RSA key of 2048 bits or an EC key on the curve P-256.",
        Note.BROWSERS_REFUSE_KEY_USAGE: _REFUSED + "its key usage forbids what the connection needs."
        " Issue a new one with the key usages digitalSignature and, for an RSA key, keyEncipherment.",
        Note.BROWSERS_REFUSE_PURPOSE: _REFUSED + "only old browsers knew the purpose that it states."
        " Issue a new one, and its intermediate certificate too, with the extended key usage serverAuth.",
        Note.BROWSERS_REFUSE_SIGNATURE: _REFUSED + "Chrome doesn't support the algorithm that an issuer signed with."
        " Use an issuer that signs with RSA or with ECDSA on P-256 or P-384, and with SHA-256.",
        Note.BROWSERS_REFUSE_TEXT: _REFUSED + "a name in its chain has characters that its text type doesn't allow."
        " Issue a new one with these names as UTF8String.",
        Note.BROWSERS_REFUSE_FORM: _REFUSED + "a field in its chain doesn't follow the standard (RFC 5280)."
        " Issue a new one with current software.",
        Note.NO_SECURE_RENEGOTIATION: "The server's software is outdated. Browsers get in, some other programs don't.",
        Note.OTHER_PATH_WORKS: "Many apps and other programs follow a certificate into a dead end, where"
        " browsers find another way.",
        Note.ONLY_LEAF_SENT: "The server sends only the site's certificate, without its issuer's.",
        Note.ISSUER_NOT_SENT: "The server sends other certificates as well, but none of them issued the site's.",
        Note.UPPER_ISSUER_NOT_SENT: "The server sends the issuer's certificate, but not the one above it. If the one"
        " above it belongs to an authority that is not a public one, browsers do not trust the site at all.",
        Note.ISSUER_OTHER_KEY: "The server sends a certificate with the name of the missing issuer, but with another"
        " key.",
        Note.ISSUER_OTHER_IDENTIFIER: "The server sends the issuer's certificate, but the site's certificate names"
        " another one of the same issuer.",
        Note.ISSUER_UNFIT: "The server sends the issuer's certificate, but it may not issue others.",
        Note.MUST_STAPLE: "The certificate requires proof from the server that it is not revoked (must-staple)."
        " The server sends no valid proof. Chrome and Edge open the site; Firefox can refuse it."
        " Switch OCSP stapling on, or renew the certificate without must-staple.",
        Note.STAPLE_OUTDATED: "The server sends outdated proof that its certificate is not revoked (OCSP stapling)."
        " Chrome and Edge ignore it; Firefox can refuse the site."
        " Find out why the server cannot renew it, or switch OCSP stapling off.",
        Note.STAPLE_EARLY: "The stapled OCSP answer is dated in the future. Check the server's clock.",
        Note.STAPLE_UNKNOWN: "The stapled OCSP answer says that the responder does not know this certificate.",
        Note.STAPLE_OTHER_CERTIFICATE: "The stapled OCSP answer is about another certificate."
        " Reload the web server so that it fetches a new one.",
        Note.STAPLE_UNVERIFIED: "The stapled OCSP answer does not count: it cannot be verified with a trusted issuer.",
        Note.STAPLE_UNREADABLE: "The stapled OCSP answer cannot be read. Check the web server's OCSP stapling.",
    }
)
# What only a technician can use; the rest is for customers as well.
STAFF_NOTES = frozenset(
    {
        Note.STAPLE_EARLY,
        Note.STAPLE_UNKNOWN,
        Note.STAPLE_OTHER_CERTIFICATE,
        Note.STAPLE_UNVERIFIED,
        Note.STAPLE_UNREADABLE,
    }
)
STAPLES: Mapping[StapleStatus, str] = MappingProxyType(
    {
        StapleStatus.GOOD: "good",
        StapleStatus.REVOKED: "revoked",
        StapleStatus.UNKNOWN: "unknown to the responder",
        StapleStatus.OUTDATED: "outdated",
        StapleStatus.EARLY: "dated in the future",
        StapleStatus.OTHER_CERTIFICATE: "about another certificate",
        StapleStatus.UNVERIFIED: "not verified",
        StapleStatus.UNREADABLE: "unreadable",
    }
)

# Addresses that must not be asked. For staff only.
STRAYS: Mapping[NotAsked, str] = MappingProxyType(
    {
        NotAsked.NOT_PUBLIC: "{record} is not a public address",
        NotAsked.CARRIES_IPV4: "{record} may lead to a private IPv4 address",
        NotAsked.DENIED: "{record} is in PADLOCK_DENIED_NETWORKS and was not asked",
    }
)

# What has become of a refresh, see `monitor.models.RunState`: its words and the colour of its badge.
RUNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "running": ("Running", "azure"),
        "done": ("Done", "green"),
        "failed": ("Failed", "red"),
        "offline": ("Monitor offline", "yellow"),
    }
)
MONITOR_OFFLINE = "The monitor can't reach the network. You see the last known states. It retries automatically."
MONITOR_OFFLINE_NOW = "Most names and the control names don't answer, so the last known states are kept."


class Counted(Protocol):
    """How many names a refresh has asked, and what became of them, see `monitor.models.RefreshRun`."""

    @property
    def asked(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def valid(self) -> int: ...
    @property
    def invalid(self) -> int: ...
    @property
    def unknown(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def changed(self) -> int: ...


def run_title(kind: str, slot: str) -> str:
    """What a refresh is called."""
    if kind == "daily":
        return day_text(date.fromisoformat(slot))
    return "Refresh now" if kind == "now" else "Command line"


def many_failed(asked: int, failed: int) -> bool:
    """Whether a refresh did not go well: at least one in twenty of its checks failed on our side."""
    return failed > 0 and 20 * failed >= asked


def run_state(run: Counted, state: str) -> tuple[str, str]:
    """How a refresh is or was, in a word, and the colour of its badge."""
    if state == "done" and many_failed(run.asked, run.failed):
        return ("Partly failed", "red")
    return RUNS[state]


def failed_checks(asked: int, failed: int) -> str:
    """ "233 of 300 checks failed on our side."."""
    return f"{failed:,} of {asked:,} check{'' if asked == 1 else 's'} failed on our side."


def run_progress(state: str, asked: int, total: int) -> str:
    """How far a refresh is, in a sentence."""
    if state == "offline":
        return MONITOR_OFFLINE
    return f"{asked:,} of {total:,} host names checked" if asked else f"{total:,} host names are being checked"


def run_counts(run: Counted) -> str:
    """ "60 valid, 30 invalid, 10 unknown; 4 changed": what a refresh has found."""
    counts = [f"{run.valid:,} valid", f"{run.invalid:,} invalid", f"{run.unknown:,} unknown"]
    if run.failed:
        counts.append(f"{run.failed:,} failed on our side")
    return f"{', '.join(counts)}; {run.changed:,} changed"


def span_text(span: timedelta) -> str:
    """ "under a second", "12 seconds", "3 minutes", "2 hours": how long something took."""
    seconds = max(0, round(span.total_seconds()))
    for size, word in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= 2 * size or seconds == size == 1:
            count = seconds // size
            return f"{count} {word}{'' if count == 1 else 's'}"
    return "under a second"


class Changed(Protocol):
    """What a host name was and what it is since then, see `monitor.models.Change`."""

    @property
    def old_reason(self) -> Reason | None: ...
    @property
    def new_reason(self) -> Reason: ...
    @property
    def old_issuer(self) -> str: ...
    @property
    def new_issuer(self) -> str: ...
    @property
    def old_fingerprint(self) -> str | None: ...
    @property
    def new_fingerprint(self) -> str | None: ...
    @property
    def old_not_after(self) -> datetime | None: ...
    @property
    def new_not_after(self) -> datetime | None: ...


def change_title(change: Changed) -> str:
    """What happened, in a few words."""
    if change.new_reason is change.old_reason:
        return "New certificate"
    return WORDS[change.new_reason].title


def change_text(change: Changed, zone: tzinfo = UTC) -> str:
    """What else is worth knowing of it: how it was before, and which certificate there is now."""
    sentences = []
    if change.old_reason is None:
        sentences.append("The first check.")
    elif change.old_reason is not change.new_reason:
        sentences.append(f"Before: {WORDS[change.old_reason].title}.")
    if change.new_fingerprint and change.new_fingerprint != change.old_fingerprint:
        sentences.append(_certificate_text(change.new_issuer, change.new_not_after, zone))
        if change.old_fingerprint and change.old_issuer != change.new_issuer:
            sentences.append(f"The one before was by {change.old_issuer or NO_ISSUER_NAME}.")
    return " ".join(sentences)


def _certificate_text(issuer: str, not_after: datetime | None, zone: tzinfo) -> str:
    until = f", until {day_text(local(not_after, zone))}" if not_after is not None else ""
    return f"Certificate by {issuer or NO_ISSUER_NAME}{until}."


def issuer_text(issuer: str, unreadable: Sequence[str] = ()) -> str:
    """Who issued a certificate, also where it does not say so, or cannot be understood."""
    return issuer or ("an issuer whose name cannot be read" if Field.ISSUER in unreadable else NO_ISSUER_NAME)


def unreadable_text(unreadable: Sequence[str]) -> str:
    """ "its issuer, some of its names": which parts of a certificate cannot be read; empty where all can."""
    return ", ".join(FIELDS[Field(each)] for each in unreadable)


def asked_text(asked: int, left: int) -> str:
    """What became of a wish to check several at once: how many are asked, and how many are not."""
    if not asked and not left:
        return "Select at least one row."
    told = [f"{asked:,} {'is' if asked == 1 else 'are'} being checked."] if asked else []
    if left:
        told.append(f"{left:,} skipped: inactive, not a valid host name, or just checked.")
    return " ".join(told)


class Facts(Protocol):
    """What is known of a host name beside its reason: a finding, or what is stored of one."""

    @property
    def problems(self) -> Sequence[Any]: ...  # each a `Problem`, or one as it is stored
    @property
    def notes(self) -> Collection[str]: ...


class CurlFacts(Facts, Protocol):
    """The same, with the number that curl ends with; None where a check has not yet said it."""

    @property
    def curl(self) -> int | None: ...


def fault(reason: Reason, facts: Facts | None) -> Fault | None:
    """What stands behind a reason that has many causes; None where its own words say all there is."""
    if facts is None:
        return None
    if reason in OF_THE_PATH and Note.OTHER_PATH_WORKS in facts.notes:
        return DEAD_END
    if reason is Reason.INCOMPLETE_CHAIN and Note.ISSUER_UNFIT in facts.notes:
        return _UNFIT_ISSUER
    if reason is Reason.INCOMPLETE_CHAIN and Note.ISSUER_OTHER_IDENTIFIER in facts.notes:
        return _OTHER_IDENTIFIER
    each = [one if isinstance(one, Problem) else Problem(**one) for one in facts.problems]
    codes = {one.code: one.depth for one in each if one.reason == reason}
    if reason is Reason.CHAIN_INVALID and not codes:
        return _MALFORMED  # so much so that OpenSSL has not come to judge it
    if reason is Reason.CHAIN_INVALID:
        code = next((code for code in codes if code in CHAIN_FAULTS), 0)
        return LEAF_FAULTS.get(code) if codes.get(code) == 0 and code in LEAF_FAULTS else CHAIN_FAULTS.get(code)
    if reason is Reason.CHAIN_EXPIRED and codes:
        return _ISSUER_EXPIRED if _EXPIRED in codes else _ISSUER_TOO_EARLY
    return None


def title(state: State, reason: Reason | None, facts: Facts | None = None) -> str:
    """The headline of a padlock: its reason where there is one, else its state."""
    if reason is not None:
        behind = fault(reason, facts)
        return (behind and behind.title) or WORDS[reason].title
    return NEVER_ASKED if state is State.UNKNOWN else LOOKS[state].label


def customer_text(state: State, reason: Reason | None, facts: Facts | None = None) -> str:
    """What is wrong, for the person whose site it is."""
    if reason is None:
        return LOOKS[state].meaning
    if reason is Reason.OK and facts is not None and not BROWSERS_REFUSE.isdisjoint(facts.notes):
        return MANY_BROWSERS_REFUSE
    behind = fault(reason, facts)
    return behind.customer if behind else WORDS[reason].customer


def cause_text(reason: Reason, facts: Facts | None = None) -> str:
    """What is wrong, for a technician."""
    behind = fault(reason, facts)
    return (behind and behind.staff) or WORDS[reason].staff


def left_out_texts(text: str) -> list[str]:
    """What stood beside the host name in `text` and is not asked for; empty where `text` holds no host name."""
    try:
        understood = understand(text)
    except NotCheckable:
        return []
    told = []
    if understood.port is not None:
        told.append(f"Checked on port 443, not {understood.port}.")
    if understood.scheme:
        told.append(f"Checked over HTTPS, not {understood.scheme.upper()}.")
    if understood.path:
        path = clean(understood.path, 40)
        told.append(f"The path {path} is left out: a certificate belongs to the whole name.")
    if understood.wildcard:
        shown = to_unicode(understood.hostname)
        told.append(f"*.{shown} is checked as {shown}.")
    if understood.marks:
        told.append("The characters around the name are left out.")
    return told


def finding_text(finding: Finding) -> str:
    """What is wrong, for the person whose site it is, with what is odd about the name where that is the reason."""
    text = customer_text(finding.state, finding.reason, finding)
    return f"{text} {REFUSALS[finding.refusal]}" if finding.refusal is not None else text


def staff_text(finding: Finding) -> str:
    """What a technician wants to know of a finding, in one line: the cause, OpenSSL's text, where it was asked, and
    curl's error number with the command that shows it."""
    behind = fault(finding.reason, finding)
    parts = [behind.customer] if behind and not behind.staff else []
    parts += [cause_text(finding.reason, finding), *note_texts(finding.notes, staff=True)]
    if finding.detail:
        parts.append(f"{finding.detail}.")
    parts += stray_texts(finding.stray, finding.reason)
    if finding.address:
        parts.append(f"Asked at {finding.address} port {finding.port}.")
    number = curl_number(finding.reason, finding)
    if finding.hostname and number is not None:
        command = curl_command(finding.hostname, finding.address, finding.port, stapled=only_stapled(finding))
        parts.append(f"curl error {number}: {command}")
    return " ".join(parts)


def curl_number(reason: Reason, facts: CurlFacts) -> int | None:
    """The number that `curl_command` ends with there; None where curl is not sent at all."""
    usual = WORDS[reason].curl
    if usual is None:
        return None
    if only_stapled(facts):
        return CERT_STATUS_FAILED
    return usual if facts.curl is None else facts.curl


def only_stapled(facts: Facts) -> bool:
    """Whether only the server's own OCSP staple tells what is wrong."""
    each = [one if isinstance(one, Problem) else Problem(**one) for one in facts.problems]
    return bool(each) and all(problem.stapled for problem in each)


def curl_command(hostname: str, address: str | None = None, port: int | None = None, *, stapled: bool = False) -> str:
    """The command with which a person sees the same on the machine that hosts the monitor; it asks where we asked when
    that was another port than DNS leads to. `stapled`: only the server's OCSP staple tells what is wrong, at which
    curl has to be told to look."""
    command = f"curl --max-time 10 {'--cert-status ' if stapled else ''}-v {quote(f'https://{hostname}')}"
    if address is None or port in (None, 443):
        return command
    where = f"[{address}]" if ":" in address else address
    return f"{command} --connect-to {quote(f'{hostname}:443:{where}:{port}')}"


def second_text(second: SecondCertificate, zone: tzinfo = UTC) -> str:
    """Who is shown a second certificate, and what is wrong with it."""
    finding = second.finding
    not_after = finding.certificate.not_after if finding.certificate else None
    ago = age_text(not_after, finding.checked_at, zone) if not_after is not None else ""
    what = SECOND.get(finding.reason, f"{WORDS[finding.reason].title}.").format(ago=ago)
    return f"Visitors whose browser prefers {second.signing} get another certificate: {what[0].lower()}{what[1:]}"


def second_command(second: SecondCertificate) -> str:
    """The command that shows a second certificate; curl cannot ask for it in all its versions."""
    address, port = second.endpoint.address, second.endpoint.port
    where = f"[{address}]" if ":" in address else address
    name = quote(second.finding.hostname or "")
    return f"openssl s_client -connect {where}:{port} -servername {name} -sigalgs {_SIGALGS[second.signing]}"


def problem_text(problem: Problem) -> str:
    """One verify error as OpenSSL says it, with its number and its place in the chain."""
    place = "leaf" if problem.depth == 0 else f"issuer {problem.depth}"
    return f"{problem.text} (X509_V_ERR {problem.code}, {place})"


def stored_problem_text(stored: Mapping[str, Any]) -> str:
    """The same for a problem as it is stored of a host name."""
    return problem_text(Problem(stored["code"], stored["depth"], stored["text"], Reason(stored["reason"])))


def days_until(at: datetime, now: datetime, zone: tzinfo = UTC) -> int:
    """Whole days from `now` to `at` in the calendar of this zone: 1 is tomorrow, negative is past."""
    return (local(at, zone).date() - local(now, zone).date()).days


def local(at: datetime, zone: tzinfo) -> datetime:
    """The same instant on the clocks of this zone; unchanged where the calendar has no such day (the year 9999)."""
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at


def days_left(not_after: datetime | None, now: datetime, zone: tzinfo = UTC) -> int | None:
    """Days until the certificate expires, see `days_until`; None where that is not known."""
    return None if not_after is None else days_until(not_after, now, zone)


def distance_text(at: datetime, now: datetime, zone: tzinfo = UTC) -> str:
    """ "12 days", "47 hours", "5 minutes": how far an instant is away, past or future. Hours below two days, rounded
    down, then whole days of this zone's calendar. Empty below a minute."""
    distance, days = abs(at - now), abs(days_until(at, now, zone))
    if distance >= timedelta(days=2) and days >= 2:
        return f"{days:,} days"
    for size, word in ((timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        if distance >= size:
            count = distance // size
            return f"{count} {word}{'' if count == 1 else 's'}"
    return ""


def expiring(state: State, not_after: datetime | None, now: datetime) -> bool:
    """Whether a valid padlock carries the amber warning."""
    return state is State.VALID and not_after is not None and not_after <= now + EXPIRING_WITHIN


def share_gone(not_before: datetime | None, not_after: datetime | None, now: datetime) -> int | None:
    """How much of a certificate's lifetime is behind it, in per cent; None where that cannot be told."""
    if not_before is None or not_after is None or not_after <= not_before:
        return None
    return min(100, max(0, round(100 * ((now - not_before) / (not_after - not_before)))))


def left_text(not_after: datetime, now: datetime, zone: tzinfo = UTC) -> str:
    """ "12 days", "23 hours", "under a minute": how long a certificate is still valid."""
    return distance_text(not_after, now, zone) or "under a minute"


def left_of_text(not_before: datetime, not_after: datetime, now: datetime, zone: tzinfo = UTC) -> str:
    """ "12 days of 90", "23 hours of 90 days": the time left of a certificate's lifetime. Without the lifetime before
    its first day, when more than that is left."""
    left = left_text(not_after, now, zone)
    if now < not_before:
        return left
    lifetime = left_text(not_after, not_before, zone)
    return f"{left} of {lifetime.removesuffix(' days') if left.endswith(' days') else lifetime}"


def age_text(at: datetime, now: datetime, zone: tzinfo = UTC) -> str:
    """ "just now", "5 minutes ago", "47 hours ago", "2 days ago": how long ago an instant was."""
    distance = distance_text(min(at, now), now, zone)
    return f"{distance} ago" if distance else "just now"


def last_known(state: State, last_valid_at: datetime | None, now: datetime, zone: tzinfo = UTC) -> str:
    """What an unknown padlock still knows: "Last seen valid 3 hours ago." Empty where there is nothing to say."""
    if state is State.UNKNOWN and last_valid_at is not None:
        return f"Last seen valid {age_text(last_valid_at, now, zone)}."
    return ""


def note_texts(notes: Iterable[str], *, staff: bool) -> list[str]:
    """What is worth knowing beside the verdict, from what is stored of a host name."""
    known = [note for note in Note if note in notes]
    return [NOTES[note] for note in known if staff or note not in STAFF_NOTES]


def staple_text(staple: Staple | None) -> str:
    """ "good, 27 Nov 2026 to 4 Dec 2026": what a stapled OCSP answer says, for staff."""
    if staple is None:
        return "none"
    start, end = staple.this_update, staple.next_update
    span = f", {day_text(start)}{f' to {day_text(end)}' if end is not None else ''}" if start is not None else ""
    return f"{STAPLES[staple.status]}{span}"


def stray_texts(strays: Iterable[Stray], reason: Reason | None) -> list[str]:
    """What staff are told of the addresses that were not asked: "AAAA fe80::1 is not a public address; some visitors
    may run into it." The latter only where there are others to run into."""
    texts = []
    for stray in strays:
        text = STRAYS[stray.why].replace("{record}", stray.record)
        met = stray.why is not NotAsked.DENIED and reason is not Reason.BLOCKED
        texts.append(f"{text}; some visitors may run into it." if met else f"{text}.")
    return texts


def stored_stray_texts(stored: Iterable[Mapping[str, str]], reason: Reason | None) -> list[str]:
    """The same for addresses as they are stored of a host name."""
    return stray_texts((Stray(one["address"], NotAsked(one["why"])) for one in stored), reason)


class Refusable(Protocol):
    """What is known of a certificate that browsers may refuse, see `monitor.models.Hostname`."""

    @property
    def browsers_refuse(self) -> bool: ...


def refused(state: State, facts: Refusable | None) -> bool:
    """Whether a valid padlock carries the amber remark that browsers may refuse its certificate."""
    return state is State.VALID and facts is not None and facts.browsers_refuse


def look(state: State, reason: Reason | None) -> Look:
    """How a padlock looks. One that was never asked is no question mark: nothing is wrong with it."""
    return NEVER_ASKED_LOOK if state is State.UNKNOWN and reason is None else LOOKS[state]


def question(state: State) -> str:
    """What the button asks that starts a diagnosis."""
    words = {State.INVALID: "Why is it red?", State.UNKNOWN: "Why is it grey?"}
    return words.get(state, "Run diagnosis")


def cure_text(reason: Reason | None, facts: Facts | None = None) -> str:
    """What to do about it and who can; empty where there is nothing to say."""
    if reason is None:
        return ""
    behind = fault(reason, facts)
    return behind.cure if behind else WORDS[reason].cure


def mend_text(reason: Reason, facts: Facts | None = None) -> str:
    """What a technician does about it."""
    behind = fault(reason, facts)
    return behind.mend if behind else MENDS[reason]


def weakness_text(remark: Remark) -> str:
    """A weakness in words, with what has it."""
    text = WEAKNESSES[remark.weakness].replace("{days}", str(remark.days)).replace("{limit}", str(remark.limit))
    return text.replace("{about}", remark.about or NO_SUBJECT_NAME)


def day_text(day: date) -> str:
    """ "23 Nov 2026": a date as every page writes it."""
    return f"{day.day} {day:%b %Y}"


def expiry_text(not_after: datetime | None, now: datetime, zone: tzinfo = UTC) -> str:
    """ "Expires in 12 days, on 23 Nov 2026." or "Expired 9 days ago, on 14 Nov 2026." """
    if not_after is None:
        return ""
    day = day_text(local(not_after, zone))
    if not_after <= now:
        return f"Expired {age_text(not_after, now, zone)}, on {day}."
    return f"Expires in {left_text(not_after, now, zone)}, on {day}."


def checked_text(checked_at: datetime | None, now: datetime, zone: tzinfo = UTC) -> str:
    """ "Checked 5 minutes ago." Empty where it never was."""
    return "" if checked_at is None else f"Checked {age_text(checked_at, now, zone)}."


def tooltip(
    state: State,
    reason: Reason | None,
    *,
    now: datetime,
    facts: Facts | None = None,
    not_after: datetime | None = None,
    checked_at: datetime | None = None,
    last_valid_at: datetime | None = None,
    browsers_refuse: bool = False,
    staff: bool = False,
    zone: tzinfo = UTC,
) -> str:
    """All that a padlock says in one breath: what it is, what is wrong, who can mend it, and how old the news is.
    A certificate's expiry is told where it is good news or the fault itself. `staff`: without the cure, which sends a
    customer to them."""
    if state is State.INACTIVE:
        return LOOKS[state].meaning
    if reason is None:
        return NEVER_ASKED
    sentences = [f"{title(state, reason, facts)}."]
    if state is State.VALID:
        sentences.append(expiry_text(not_after, now, zone))
        sentences.append(f"{BROWSERS_MAY_REFUSE}." if browsers_refuse else "")
    else:
        sentences.append(customer_text(state, reason, facts))
        sentences.append(expiry_text(not_after, now, zone) if reason is Reason.EXPIRED else "")
        sentences.append(last_known(state, last_valid_at, now, zone))
        sentences.append("" if staff else cure_text(reason, facts))
    sentences.append(checked_text(checked_at, now, zone))
    return " ".join(sentence for sentence in sentences if sentence)


# Security events, by the code that is stored (customers.security.Event).
SECURITY_EVENTS = MappingProxyType(
    {
        "sign-in": "Signed in",
        "sign-in failed": "Sign-in failed",
        "sign-in refused": "Sign-in refused: too many attempts",
        "sign-out": "Signed out",
        "sign-in ended": "Signed out another browser",
        "signed out elsewhere": "Signed out every other browser",
        "signed out everywhere": "Signed out everywhere",
        "reset requested": "Password reset requested",
        "reset refused": "Password reset refused: too many attempts",
        "reset link made": "Reset link created",
        "password reset": "Password set by a reset link",
        "password changed": "Password changed",
        "password check failed": "Wrong current password",
        "password check refused": "Current password refused: too many attempts",
        "e-mail changed": "E-mail address changed",
        "user added": "User added",
        "role changed": "Role changed",
        "user disabled": "User disabled",
        "user enabled": "User enabled",
        "view as started": "Started viewing as this user",
        "view as ended": "Stopped viewing as this user",
    }
)
ROLES = MappingProxyType({"client": "Client", "staff": "Staff", "admin": "Administrator"})


def security_event_text(event: str, parameters: Mapping[str, str]) -> str:
    """A security event in words: "Role changed from Client to Administrator"; one that is not known, by its code."""
    words = SECURITY_EVENTS.get(event, event)
    before, role = (ROLES.get(parameters.get(name, "")) for name in ("before", "role"))
    if before and role:
        return f"{words} from {before} to {role}"
    return f"{words} as {role}" if role else words


class PasswordFault(Enum):
    """Why a password is refused; the value says what to do."""

    SHORT = "Use at least 12 characters."
    BLANK = "A password needs letters or digits, not only spaces."
    PATTERN = "This repeats itself or follows a row of keys. Choose a few words that do not belong together."
    OWN = "This is mostly your name, your e-mail address or the name of this site. Choose other words."
    COMMON = "This is easy to guess. Choose a few words that do not belong together."
