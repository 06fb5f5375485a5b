"""The number with which `curl --max-time 10 -v https://…` ends, from what was seen. No I/O.

curl stops at the first verify error, and its number goes by the oldest entry of OpenSSL's error
queue: 60 where that says "certificate verify failed", 35 where a complaint about the certificate's
form or signature came before it. The numbers are those of curl on OpenSSL 3.0, which a test holds
against the real one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from webapp.probe import certificate, issuers, judge
from webapp.probe.contact import Contact, Ending
from webapp.probe.finding import Certificate, Problem, Reason
from webapp.probe.steps import AnswerHead, Failure

UNSUPPORTED_PROTOCOL = 1
COULD_NOT_RESOLVE = 6
COULD_NOT_CONNECT = 7
WEIRD_REPLY = 8
TIMED_OUT = 28
TLS_FAILED = 35
EMPTY = 52
RECEIVE_FAILED = 56
NOT_VERIFIED = 60
_ENDINGS: Mapping[Ending, int] = MappingProxyType(
    {
        Ending.REFUSED: COULD_NOT_CONNECT,
        Ending.UNREACHABLE: COULD_NOT_CONNECT,
        Ending.TIMEOUT: TIMED_OUT,
        Ending.RESET: TLS_FAILED,
        Ending.ALERT: TLS_FAILED,
        Ending.DECLINED: TLS_FAILED,
        Ending.CUT_OFF_LATE: RECEIVE_FAILED,
        Ending.CLOSED_LATE: EMPTY,
        Ending.NOT_TLS: TLS_FAILED,
        Ending.DONE: 0,
    }
)
FAILURES: Mapping[Failure, int] = MappingProxyType(
    {
        Failure.EMPTY: EMPTY,
        Failure.TLS: RECEIVE_FAILED,
        Failure.BROKEN: RECEIVE_FAILED,
        Failure.NOT_HTTP: UNSUPPORTED_PROTOCOL,
        Failure.BAD_HEADER: WEIRD_REPLY,
        # curl counts bytes, not answers: it reads on, up to 300 kB in all.
        Failure.TOO_MANY_INTERIM: RECEIVE_FAILED,
        # Above 300 kB. A single line of more than 100 kB ends an older curl with 27, a newer one
        # with 100.
        Failure.HEADERS_TOO_LARGE: RECEIVE_FAILED,
        Failure.TOO_MUCH_WORK: TIMED_OUT,  # it spends whatever time it has
        Failure.TIMEOUT: TIMED_OUT,
        Failure.REFUSED: COULD_NOT_CONNECT,
        Failure.OTHER_CERTIFICATE: 0,  # curl makes one connection, and does not know
    }
)
# How a server that chose HTTP/2 may answer HTTP/1.1.
HTTP2_ONLY = frozenset({Failure.EMPTY, Failure.TLS, Failure.BROKEN, Failure.NOT_HTTP})
_SIGNATURE = 7  # X509_V_ERR_CERT_SIGNATURE_FAILURE
# X509_V_ERR_HOSTNAME_MISMATCH, …_EMAIL_MISMATCH, …_IP_ADDRESS_MISMATCH: curl looks at names last,
# and by itself.
_NAMES = frozenset({62, 63, 64})
_ASN1 = 13  # ERR_LIB_ASN1
# ASN1_R_GENERALIZEDTIME_IS_TOO_SHORT, ASN1_R_UTCTIME_IS_TOO_SHORT: OpenSSL 4 does not take such a
# certificate apart. OpenSSL 3.0 does, and then does not verify it.
_SHORT_TIMES = frozenset({(_ASN1, 232), (_ASN1, 233)})


def of_lookup(reason: Reason, detail: str) -> int | None:
    """Where no address was asked; None where curl is not sent at all."""
    if reason is Reason.DNS_FAILED and "in time" in detail:
        return TIMED_OUT
    return COULD_NOT_RESOLVE if reason in (Reason.DNS_FAILED, Reason.DNS_NOT_FOUND) else None


def of_contact(
    contact: Contact,
    hostname: str,
    reason: Reason,
    problems: Sequence[Problem],
    leaf: Certificate | None,
) -> int:
    """Where an address was asked: how that ended, and what it came to.

    What HTTP says is not in it.
    """
    if contact.no_secure_renegotiation:
        return TLS_FAILED  # before it has seen the certificate
    ours = [problem.depth for problem in problems if problem.code == judge.TOO_LONG]
    # curl follows a hundred issuers, and does not miss the one after the last that we follow. It
    # looks at a staple only with --cert-status.
    codes = {
        problem.code for problem in problems if not problem.stapled and problem.depth not in ours
    }
    if codes and contact.sent and issuers.malformed_on_path(contact.sent):
        return TLS_FAILED
    # An issuer that was sent and that OpenSSL does not take: it cannot read one of the two in full,
    # or the algorithm of the signature is none for the issuer's key, of which its error queue says
    # nothing.
    if any(one.code in judge.NO_ISSUER and one.reason is Reason.CHAIN_INVALID for one in problems):
        return NOT_VERIFIED if _unfit_algorithm(contact.sent) else TLS_FAILED
    if codes - _NAMES:
        return _of_first_error(contact)
    if codes and not _by_common_name(leaf, hostname):
        return NOT_VERIFIED
    if reason is Reason.CHAIN_INVALID and not problems:
        return TLS_FAILED if _SHORT_TIMES.isdisjoint(contact.codes) else NOT_VERIFIED
    if any(certificate.signed_with_sha3_by_ec(each) for each in contact.path):
        return NOT_VERIFIED  # OpenSSL has known these signatures since 3.4
    if contact.ending is Ending.DONE and contact.codes:
        # The alert for want of a client certificate came after the handshake (TLS 1.3)
        return RECEIVE_FAILED
    if contact.ending is Ending.DECLINED and not contact.codes:
        return TIMED_OUT  # we have read enough of a handshake without an end, and curl reads on
    return _ENDINGS[contact.ending]


def with_answer(number: int | None, answer: AnswerHead | None, *, speaks_http2: bool) -> int | None:
    """The number of a contact, where HTTP was asked besides."""
    if number != 0 or answer is None or answer.failure is None:
        return number
    if speaks_http2 and answer.failure in HTTP2_ONLY:
        return 0  # curl speaks HTTP/2, too
    return FAILURES[answer.failure]


def _of_first_error(contact: Contact) -> int:
    """The same where OpenSSL did not verify the certificate."""
    errors = (error for error in contact.errors if error[0] not in judge.NO_NEWS | _NAMES)
    code, depth, _ = next(errors, (0, 0, ""))
    if code != _SIGNATURE:
        return NOT_VERIFIED
    # Where the two names of the algorithm differ, OpenSSL does not come to try the signature.
    differ = depth < len(contact.path) and certificate.algorithms_differ(contact.path[depth])
    return NOT_VERIFIED if differ else TLS_FAILED


def _unfit_algorithm(sent: Sequence[bytes]) -> bool:
    """Whether the algorithm that the leaf names for its signature is unknown, or another than the
    one beside it."""
    return bool(sent) and (
        certificate.algorithms_differ(sent[0]) or "." in certificate.read(sent[0]).signature
    )


def _by_common_name(leaf: Certificate | None, hostname: str) -> bool:
    """Whether curl takes the common name for want of others; no browser does."""
    return leaf is not None and not leaf.names and leaf.subject.lower() == hostname
