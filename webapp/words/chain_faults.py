"""The causes behind a reason that has many, and weaknesses that change no verdict, in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Protocol

from webapp.probe.chain import Remark, Weakness
from webapp.probe.finding import Note, Problem, Reason
from webapp.probe.judge import OF_THE_PATH
from webapp.probe.protocols import HTTPS_PORT
from webapp.words.certificates import NO_SUBJECT_NAME
from webapp.words.reasons import MENDS, WORDS


@dataclass(frozen=True, slots=True)
class Fault:
    """What stands behind a reason that has many causes, in words: see `Wording`; `mend` is for a
    technician. An empty title or staff text is the reason's own."""

    customer: str
    cure: str
    mend: str
    title: str = ""
    staff: str = ""


_SIGNATURE = Fault(
    "The signature on a certificate does not match the issuer that the server sends with it.",
    "Ask your hosting provider to install the certificate again from the authority's original"
    " files. If that does not help, the site needs a new certificate.",
    "A file is damaged, or the intermediate has the right name and another key. Compare the key"
    " identifiers (openssl x509 -ext subjectKeyIdentifier,authorityKeyIdentifier), and serve the"
    " chain that came with this very leaf.",
)
_NO_AUTHORITY = Fault(
    "An issuer of the certificate is not allowed to issue certificates.",
    "Ask your hosting provider for a new certificate, issued by a public authority.",
    "An issuer on the path is no authority (basicConstraints CA:TRUE, keyUsage keyCertSign). Issue"
    " the leaf with a certificate that is one.",
)
_NOT_FOR_SERVERS = Fault(
    "The issuer of the certificate is not allowed to issue certificates for websites.",
    "Ask your hosting provider for a new certificate, issued for a website.",
    "The extended key usage of an intermediate leaves out serverAuth. Issue the leaf with an"
    " intermediate for servers.",
)
_TOO_FAR_BELOW = Fault(
    "There are more issuers in a row than the authority at the top allows.",
    "Ask your hosting provider for a new certificate from an issuer that the authority allows.",
    "A CA stands below one whose path length (basicConstraints pathlen) forbids it. Issue the leaf"
    " with the CA above.",
)
_TOO_LONG = Fault(
    "There are more certificates between the site and a trusted authority than we follow.",
    "Ask your hosting provider to replace the certificate with one that has fewer issuers above"
    " it.",
    "The chain is longer than the ten intermediates that are followed, or runs in a circle. Issue"
    " the leaf with a CA nearer to the root.",
)
_OUTSIDE = Fault(
    "The issuer of the certificate is not allowed to issue certificates for this name.",
    "Ask your hosting provider for a new certificate, from an authority that may issue one for"
    " this name.",
    "The name constraints of an issuer leave out a name of the leaf. Issue it with another CA, or"
    " without that name.",
)
_BAD_CONSTRAINTS = Fault(
    "The issuer's certificate limits the names it may issue for, in a form that clients cannot"
    " read.",
    "Ask your hosting provider for a new certificate from another authority.",
    "The name constraints of an issuer, or a name of the leaf, are in a form that OpenSSL does not"
    " support. Issue the leaf with another CA.",
)
_UNKNOWN_DEMAND = Fault(
    "A certificate makes a demand that browsers do not know, so they have to refuse it.",
    "Ask your hosting provider for a new certificate without that demand.",
    "An extension marked critical is unknown, or unsupported. Issue the certificate without it, or"
    " not critical.",
)
_MALFORMED = Fault(
    "A certificate holds entries that are malformed or contradict each other.",
    "Ask your hosting provider for a new certificate. This one was issued with a fault.",
    "An extension cannot be read, is there twice, or contradicts another one (openssl x509 -text)."
    " Correct the template it is issued from, and issue it again.",
)
_UNREADABLE = Fault(
    "The certificate or its issuer's is malformed, so the two cannot be matched.",
    _MALFORMED.cure,
    _MALFORMED.mend,
)
_BAD_DATES = Fault(
    "The dates of an issuer's certificate cannot be read.",
    "Ask your hosting provider for a new certificate. This one was issued with a fault.",
    "notBefore or notAfter is not a date as RFC 5280, 4.1.2.5 wants it. Issue the certificate"
    " again.",
)
_BAD_DATES_OF_LEAF = replace(_BAD_DATES, customer="The dates of the certificate cannot be read.")
_BAD_ALGORITHM = Fault(
    "A certificate uses a kind of key or signature that clients do not support.",
    "Ask your hosting provider for a new certificate with a common kind of key.",
    "Issue it with an RSA key of 2048 bits or more, or EC P-256 by its name, signed with SHA-256.",
)
_ISSUER_TOO_EARLY = Fault(
    "An issuer's certificate is not valid yet. If browsers show no warning, our own clock may be"
    " wrong.",
    "Ask your hosting provider to install the issuer's current certificates, or to wait until the"
    " new ones are valid.",
    "An intermediate is before its not_before. Replace the chain file by the issuer's current one,"
    " and check the clock of the CA.",
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
# What a verify error (X509_V_ERR_*) that makes a chain invalid is about. One that is not here keeps
# the words of `Reason.CHAIN_INVALID`: OpenSSL reports it only where it is asked to be strict, or
# where it failed itself.
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
    "Browsers accept the certificate, but many apps and other programs refuse it. The server sends"
    " a second certificate of the issuer, which leads them into a dead end.",
    "Ask your hosting provider to leave out the certificate that leads into a dead end, or to put"
    " the good one before it.",
    "Leave out the certificate that leads into a dead end, or send it after the one that works."
    " Then reload the web server.",
    title="Trusted by browsers only",
    staff="Two certificates fit as an issuer. curl, PHP and Python take the first and end where it"
    " ends. Another path over the certificates sent verifies: browsers and Go find it.",
)
# Of a path that is complete only in part: what a note adds to the words of
# `Reason.INCOMPLETE_CHAIN`.
_UNFIT_ISSUER = replace(
    _NO_AUTHORITY,
    mend="The issuer's certificate was sent and its key fits, and yet OpenSSL does not take it:"
    " look at its keyUsage (keyCertSign).",
    staff="The issuer was sent and may not issue certificates (keyUsage).",
)
_OTHER_IDENTIFIER = Fault(
    "The certificate names another certificate of its issuer than the one that the server sends."
    " Many programs refuse that; browsers may open the site.",
    "Ask your hosting provider to install the intermediate certificate that was issued together"
    " with this certificate.",
    "Serve the intermediate that the authority publishes for this leaf. If there is none, issue"
    " the leaf again. Compare key identifier, issuer and serial number (openssl x509 -serial -ext"
    " subjectKeyIdentifier,authorityKeyIdentifier).",
    staff="The issuer was sent and its key fits. The authority key identifier of the certificate"
    " below it names another one.",
)

# What changes no verdict. The places in braces take what a `Remark` has.
WEAKNESSES: Mapping[Weakness, str] = MappingProxyType(
    {
        Weakness.CHAIN_ORDER: "The chain is sent in the wrong order. Browsers sort it, some other"
        " clients do not.",
        Weakness.EXTRA: "An unneeded certificate is sent: {about}.",
        Weakness.EXTRA_EXPIRED: "An unneeded certificate that has expired is sent: {about}. Old"
        " clients may follow it into a dead end.",
        Weakness.SENT_TWICE: "A certificate is sent twice: {about}.",
        Weakness.ROOT_SENT: "The root is sent along: {about}. Clients have it or do not trust it;"
        " leave it out.",
        Weakness.SHA1: "Signed with a digest that has been broken (SHA-1): {about}.",
        Weakness.SHORT_KEY: "An RSA key of less than 2048 bits: {about}.",
        Weakness.OLD_TLS: "The server speaks nothing newer than TLS 1.2. Switch TLS 1.3 on.",
        Weakness.LONG_LIFETIME: "The certificate is valid for {days} days. A public authority"
        " could issue one for {limit} at that time. Browsers may refuse"
        " it, unless its authority is a private one.",
        Weakness.NO_SECURE_RENEGOTIATION: "The server lacks secure renegotiation (RFC 5746)."
        " Browsers get in, curl and programs on OpenSSL 3 don't."
        " Update the server's TLS library.",
    }
)


_AT_ANOTHER_PORT: Mapping[Reason, Fault] = MappingProxyType(
    {
        Reason.NOT_CHECKABLE: Fault(
            "The site is on a port that isn't checked here.",
            "Ask your hosting provider to enter another port, or to allow this one.",
            "Add the port to the setting PADLOCK_PORTS, or correct the Domain field.",
            "Port not checked",
            "The port is not one of PADLOCK_PORTS: nothing was sent.",
        ),
        Reason.REFUSED: Fault(
            "The server does not offer a secure connection on this port.",
            WORDS[Reason.REFUSED].cure,
            MENDS[Reason.REFUSED],
            "HTTPS is off on this port",
        ),
    }
)


class Facts(Protocol):
    """What is known of a host name beside its reason: a finding, or what is stored of one."""

    @property
    def problems(self) -> Sequence[Any]: ...  # each a `Problem`, or one as it is stored
    @property
    def notes(self) -> Collection[str]: ...
    @property
    def port(self) -> int: ...


def fault(reason: Reason, facts: Facts | None) -> Fault | None:
    """What stands behind a reason that has many causes; None where its own words say all there
    is."""
    if facts is None:
        return None
    if facts.port != HTTPS_PORT and reason in _AT_ANOTHER_PORT:
        return _AT_ANOTHER_PORT[reason]
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
        return (
            LEAF_FAULTS.get(code)
            if codes.get(code) == 0 and code in LEAF_FAULTS
            else CHAIN_FAULTS.get(code)
        )
    if reason is Reason.CHAIN_EXPIRED and codes:
        return _ISSUER_EXPIRED if _EXPIRED in codes else _ISSUER_TOO_EARLY
    return None


def weakness_text(remark: Remark) -> str:
    """A weakness in words, with what has it."""
    text = (
        WEAKNESSES[remark.weakness]
        .replace("{days}", str(remark.days))
        .replace("{limit}", str(remark.limit))
    )
    return text.replace("{about}", remark.about or NO_SUBJECT_NAME)
