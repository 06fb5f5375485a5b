"""The causes behind a reason that has many, and weaknesses that change no verdict, in words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Protocol

from webapp.probe.chain import Remark, Weakness
from webapp.probe.finding import Problem, Reason
from webapp.probe.judge import OF_THE_PATH
from webapp.probe.notes import Note
from webapp.probe.protocols import HTTPS_PORT
from webapp.words.certificates import no_subject_name
from webapp.words.reasons import MENDS, WORDS
from webapp.words.translation import Table, gettext


@dataclass(frozen=True, slots=True)
class Fault:
    """What stands behind a reason that has many causes, in words: see `Wording`; `mend` is for a
    technician. An empty title or staff text is the reason's own."""

    customer: str
    cure: str
    mend: str
    title: str = ""
    staff: str = ""


def _signature() -> Fault:
    return Fault(
        gettext(
            "The signature on a certificate does not match the issuer's certificate that the"
            " server sends."
        ),
        gettext(
            "Ask your hosting provider to install the certificate again from the original files."
            " If that does not help, the site needs a new certificate."
        ),
        gettext(
            "A file is damaged, or the intermediate has the right name but the wrong key. Compare"
            " the key identifiers (openssl x509 -ext subjectKeyIdentifier,authorityKeyIdentifier),"
            " and serve the chain that was issued with this leaf."
        ),
    )


def _no_authority() -> Fault:
    return Fault(
        gettext("An issuer of the certificate is not allowed to issue certificates."),
        gettext(
            "Ask your hosting provider for a new certificate, issued by a public certificate"
            " authority."
        ),
        gettext(
            "An issuer on the path is not a CA (basicConstraints CA:TRUE, keyUsage keyCertSign)."
            " Issue the leaf from one that is."
        ),
    )


def _not_for_servers() -> Fault:
    return Fault(
        gettext("The issuer of the certificate is not allowed to issue certificates for websites."),
        gettext("Ask your hosting provider for a new certificate that is meant for websites."),
        gettext(
            "The extended key usage of an intermediate lacks serverAuth. Issue the leaf from an"
            " intermediate that has it."
        ),
    )


def _too_far_below() -> Fault:
    return Fault(
        gettext("The chain has more issuers than the certificate authority at the top allows."),
        gettext(
            "Ask your hosting provider for a new certificate from an issuer that the certificate"
            " authority allows."
        ),
        gettext(
            "An issuer's path length (basicConstraints pathlen) does not allow the CA below it."
            " Issue the leaf from the CA above."
        ),
    )


def _too_long() -> Fault:
    return Fault(
        gettext(
            "There are more certificates between the site and a trusted certificate authority than"
            " we follow."
        ),
        gettext(
            "Ask your hosting provider to replace the certificate with one that has fewer issuers"
            " above it."
        ),
        gettext(
            "The chain has more than ten intermediates, or it loops. Issue the leaf from a CA"
            " closer to the root."
        ),
    )


def _outside() -> Fault:
    return Fault(
        gettext(
            "The issuer of the certificate is not allowed to issue certificates for this name."
        ),
        gettext(
            "Ask your hosting provider for a new certificate from a certificate authority that may"
            " issue one for this name."
        ),
        gettext(
            "An issuer's name constraints exclude a name of the leaf. Issue it from another CA, or"
            " without that name."
        ),
    )


def _bad_constraints() -> Fault:
    return Fault(
        gettext(
            "The issuer's certificate limits the names it may issue for, in a form that browsers"
            " cannot read."
        ),
        gettext(
            "Ask your hosting provider for a new certificate from another certificate authority."
        ),
        gettext(
            "OpenSSL does not support the form of an issuer's name constraints, or of a name of"
            " the leaf. Issue the leaf from another CA."
        ),
    )


def _unknown_demand() -> Fault:
    return Fault(
        gettext(
            "A certificate has a requirement that browsers do not recognize, so they must refuse"
            " it."
        ),
        gettext("Ask your hosting provider for a new certificate without that requirement."),
        gettext(
            "A critical extension is unknown or unsupported. Issue the certificate without it, or"
            " mark it as not critical."
        ),
    )


def _malformed() -> Fault:
    return Fault(
        gettext("A certificate contains entries that are malformed or contradict each other."),
        gettext(
            "Ask your hosting provider for a new certificate. This one was issued with an error."
        ),
        gettext(
            "An extension cannot be read, appears twice, or contradicts another one (openssl x509"
            " -text). Correct the certificate template, and issue it again."
        ),
    )


def _unreadable() -> Fault:
    return Fault(
        gettext(
            "The certificate or its issuer's certificate is malformed, so the two cannot be"
            " matched."
        ),
        _malformed().cure,
        _malformed().mend,
    )


def _bad_dates() -> Fault:
    return Fault(
        gettext("The dates of an issuer's certificate cannot be read."),
        gettext(
            "Ask your hosting provider for a new certificate. This one was issued with an error."
        ),
        gettext(
            "not_before or not_after is not a valid date (RFC 5280, 4.1.2.5). Issue the"
            " certificate again."
        ),
    )


def _bad_dates_of_leaf() -> Fault:
    return replace(_bad_dates(), customer=gettext("The dates of the certificate cannot be read."))


def _bad_algorithm() -> Fault:
    return Fault(
        gettext("A certificate uses a kind of key or signature that browsers do not support."),
        gettext("Ask your hosting provider for a new certificate with a common kind of key."),
        gettext(
            "Issue it with an RSA key of 2048 bits or more, or EC P-256 as a named curve, signed"
            " with SHA-256."
        ),
    )


def _issuer_too_early() -> Fault:
    return Fault(
        gettext(
            "An issuer's certificate is not valid yet. If browsers show no warning, our own clock"
            " may be wrong."
        ),
        gettext(
            "Ask your hosting provider to install the issuer's current certificates, or to wait"
            " until the new ones are valid."
        ),
        gettext(
            "An intermediate's not_before is in the future. Replace the chain file with the"
            " issuer's current one, and check the CA's clock."
        ),
    )


def _issuer_expired() -> Fault:
    return Fault(
        gettext("An issuer's certificate has expired."),
        WORDS[Reason.CHAIN_EXPIRED].cure,
        MENDS[Reason.CHAIN_EXPIRED],
    )


def _proxy() -> Fault:
    return Fault(
        gettext(
            "This is a proxy certificate, which acts for another certificate. Websites cannot use"
            " it."
        ),
        gettext("Ask your hosting provider for an ordinary certificate for this name."),
        gettext("A proxy certificate (RFC 3820) is not meant for servers. Issue an ordinary one."),
    )


# What a verify error (X509_V_ERR_*) that makes a chain invalid is about. One that is not here keeps
# the words of `Reason.CHAIN_INVALID`: OpenSSL reports it only where it is asked to be strict, or
# where it failed itself.
CHAIN_FAULTS: Mapping[int, Fault] = Table(
    dict.fromkeys((4, 7, 29, 30, 31, 77), _signature)
    | dict.fromkeys((32, 37, 79, 80, 81, 82, 89, 92), _no_authority)
    | dict.fromkeys((26, 39), _not_for_servers)
    | {25: _too_far_below}
    | dict.fromkeys((22, 55), _too_long)
    | dict.fromkeys((46, 47, 48), _outside)
    | dict.fromkeys((49, 51, 52, 53), _bad_constraints)
    | dict.fromkeys((34, 45), _unknown_demand)
    # 2, 20 and 21 are about a leaf that OpenSSL cannot read: see `judge`.
    | dict.fromkeys((2, 20, 21), _unreadable)
    | dict.fromkeys((41, 42, 43, 78, *range(83, 89), 90, 91, 93, 102, 103), _malformed)
    | dict.fromkeys((13, 14), _bad_dates)
    | dict.fromkeys((6, 24, *range(56, 62), 76, 94), _bad_algorithm)
    | dict.fromkeys((38, 40, 72), _proxy)
)

LEAF_FAULTS: Mapping[int, Fault] = Table(dict.fromkeys((13, 14), _bad_dates_of_leaf))
_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED


def dead_end() -> Fault:
    return Fault(
        gettext(
            "Browsers accept the certificate, but many apps and other programs refuse it. The"
            " server sends a second certificate of the issuer, which leads them to a dead end."
        ),
        gettext(
            "Ask your hosting provider to remove the certificate that leads to a dead end, or to"
            " put the working one before it."
        ),
        gettext(
            "Remove the certificate that leads to a dead end, or send it after the one that works."
            " Then reload the web server."
        ),
        title=gettext("Trusted by browsers only"),
        staff=gettext(
            "Two of the certificates sent match as the issuer. curl, PHP and Python follow the"
            " first one to a dead end. Browsers and Go find another path, which verifies."
        ),
    )


# Of a path that is complete only in part: what a note adds to the words of
# `Reason.INCOMPLETE_CHAIN`.


def _unfit_issuer() -> Fault:
    return replace(
        _no_authority(),
        mend=gettext(
            "The issuer's certificate was sent and its key matches, but OpenSSL rejects it: check"
            " its keyUsage (keyCertSign)."
        ),
        staff=gettext("The issuer was sent, but it may not issue certificates (keyUsage)."),
    )


def _other_identifier() -> Fault:
    return Fault(
        gettext(
            "The certificate names a different certificate of its issuer than the one that the"
            " server sends. Many programs refuse that; browsers may open the site."
        ),
        gettext(
            "Ask your hosting provider to install the intermediate certificate that was issued"
            " together with this certificate."
        ),
        gettext(
            "Serve the intermediate that the CA publishes for this leaf. If there is none, issue"
            " the leaf again. Compare key identifier, issuer and serial number (openssl x509"
            " -serial -ext subjectKeyIdentifier,authorityKeyIdentifier)."
        ),
        staff=gettext(
            "The issuer was sent and its key matches, but the authority key identifier of the"
            " certificate below it names a different one."
        ),
    )


# What changes no verdict.
WEAKNESSES: Mapping[Weakness, Callable[[Remark], str]] = MappingProxyType(
    {
        Weakness.CHAIN_ORDER: lambda _: gettext(
            "The chain is sent in the wrong order. Browsers sort it, but some other programs do"
            " not."
        ),
        Weakness.EXTRA: lambda remark: gettext(
            "An unneeded certificate is sent: {about}.", about=_about(remark)
        ),
        Weakness.EXTRA_EXPIRED: lambda remark: gettext(
            "An unneeded certificate that has expired is sent: {about}. Old programs may follow it"
            " to a dead end.",
            about=_about(remark),
        ),
        Weakness.SENT_TWICE: lambda remark: gettext(
            "A certificate is sent twice: {about}.", about=_about(remark)
        ),
        Weakness.ROOT_SENT: lambda remark: gettext(
            "The root is sent too: {about}. Browsers either have it already or do not trust it."
            " Remove it from the chain.",
            about=_about(remark),
        ),
        Weakness.SHA1: lambda remark: gettext(
            "Signed with a broken digest (SHA-1): {about}.", about=_about(remark)
        ),
        Weakness.SHORT_KEY: lambda remark: gettext(
            "An RSA key of less than 2048 bits: {about}.", about=_about(remark)
        ),
        Weakness.OLD_TLS: lambda _: gettext(
            "The server supports nothing newer than TLS 1.2. Enable TLS 1.3."
        ),
        Weakness.LONG_LIFETIME: lambda remark: gettext(
            "The certificate is valid for {days} days. Public CAs were limited to {limit} days when"
            " it was issued. Browsers may refuse it, unless it is from a private CA.",
            days=remark.days,
            limit=remark.limit,
        ),
        Weakness.NO_SECURE_RENEGOTIATION: lambda _: gettext(
            "The server lacks secure renegotiation (RFC 5746). Browsers can connect, but curl and"
            " other programs on OpenSSL 3 can't. Update the server's TLS library."
        ),
    }
)


_AT_ANOTHER_PORT: Mapping[Reason, Fault] = Table(
    {
        Reason.NOT_CHECKABLE: lambda: Fault(
            gettext("The site is on a port that isn't checked here."),
            gettext("Ask your hosting provider to enter another port, or to allow this one."),
            gettext("Add the port to the setting PADLOCK_PORTS, or correct the Domain field."),
            gettext("Port not checked"),
            gettext("The port is not one of PADLOCK_PORTS: nothing was sent."),
        ),
        Reason.REFUSED: lambda: Fault(
            gettext("The server does not offer a secure connection on this port."),
            WORDS[Reason.REFUSED].cure,
            MENDS[Reason.REFUSED],
            gettext("HTTPS is off on this port"),
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
        return dead_end()
    if reason is Reason.INCOMPLETE_CHAIN and Note.ISSUER_UNFIT in facts.notes:
        return _unfit_issuer()
    if reason is Reason.INCOMPLETE_CHAIN and Note.ISSUER_OTHER_IDENTIFIER in facts.notes:
        return _other_identifier()
    each = [one if isinstance(one, Problem) else Problem(**one) for one in facts.problems]
    codes = {one.code: one.depth for one in each if one.reason == reason}
    if reason is Reason.CHAIN_INVALID and not codes:
        return _malformed()  # so much so that OpenSSL has not come to judge it
    if reason is Reason.CHAIN_INVALID:
        code = next((code for code in codes if code in CHAIN_FAULTS), 0)
        return (
            LEAF_FAULTS.get(code)
            if codes.get(code) == 0 and code in LEAF_FAULTS
            else CHAIN_FAULTS.get(code)
        )
    if reason is Reason.CHAIN_EXPIRED and codes:
        return _issuer_expired() if _EXPIRED in codes else _issuer_too_early()
    return None


def weakness_text(remark: Remark) -> str:
    """A weakness in words, with what has it."""
    return WEAKNESSES[remark.weakness](remark)


def _about(remark: Remark) -> str:
    return remark.about or no_subject_name()
