"""The number with which `curl --max-time 10 -v https://…` ends, from what was seen. A table, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from webapp.probe.finding import Ending, Finding, Note, Reason
from webapp.probe.steps import Answer, Failure

COULD_NOT_RESOLVE, COULD_NOT_CONNECT, TIMED_OUT, TLS_FAILED, EMPTY, RECEIVE_FAILED, NOT_VERIFIED = (
    *(6, 7, 28, 35),
    *(52, 56, 60),
)
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
_FAILURES: Mapping[Failure, int] = MappingProxyType(
    {
        Failure.EMPTY: EMPTY,
        Failure.BROKEN: RECEIVE_FAILED,
        Failure.TIMEOUT: TIMED_OUT,
        Failure.REFUSED: COULD_NOT_CONNECT,
        Failure.OTHER_CERTIFICATE: 0,  # curl makes one connection, and does not know
    }
)
_SIGNATURE, _NAME = 7, 62  # X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_HOSTNAME_MISMATCH
_TOO_LONG = 22  # X509_V_ERR_CERT_CHAIN_TOO_LONG


def of_lookup(reason: Reason, detail: str) -> int | None:
    """Where no address was asked; None where curl is not sent at all."""
    if reason is Reason.DNS_FAILED and "in time" in detail:
        return TIMED_OUT
    return COULD_NOT_RESOLVE if reason in (Reason.DNS_FAILED, Reason.DNS_NOT_FOUND) else None


def of_contact(ending: Ending, finding: Finding, answer: Answer | None, *, speaks_http2: bool) -> int:
    """Where an address was asked: how that ended, what it came to, and what HTTP said where it was asked."""
    if Note.NO_SECURE_RENEGOTIATION in finding.notes:
        return TLS_FAILED  # before it has seen the certificate
    ours = [problem.depth for problem in finding.problems if problem.code == _TOO_LONG]
    # curl follows a hundred issuers, and does not miss the one after the last that we follow. It looks at a staple only
    # with --cert-status.
    problems = [problem.code for problem in finding.problems if not problem.stapled and problem.depth not in ours]
    if _SIGNATURE in problems:
        return TLS_FAILED  # curl reads OpenSSL's first complaint, which is about the signature itself
    if problems and not (problems == [_NAME] and _by_common_name(finding)):
        return NOT_VERIFIED
    if finding.reason is Reason.CHAIN_INVALID and not problems and not ours:
        return NOT_VERIFIED  # curl's OpenSSL reads on where ours stops, and then verifies
    if ending is not Ending.DONE or answer is None or answer.failure is None:
        return _ENDINGS[ending]
    if speaks_http2 and answer.failure in (Failure.EMPTY, Failure.BROKEN):
        return 0  # curl speaks HTTP/2, too
    return _FAILURES[answer.failure]


def _by_common_name(finding: Finding) -> bool:
    """Whether curl takes the common name for want of others; no browser does."""
    certificate = finding.certificate
    return certificate is not None and not certificate.names and certificate.subject.lower() == finding.hostname
