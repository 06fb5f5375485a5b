"""Raw facts -> the reason. A table, no I/O.

The numbers are OpenSSL's X509_V_ERR_*. What each means to the owner of a site is in `_LEAF` and
`_ANY`; which one leads when several come at once is `_LEADS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from webapp.probe.contact import Contact, Ending
from webapp.probe.finding import Problem, Reason, Staple

# A revocation list or an OCSP answer that is missing, old or unreadable says nothing of the
# certificate.
NO_NEWS = frozenset(
    {
        3,  # UNABLE_TO_GET_CRL
        5,  # UNABLE_TO_DECRYPT_CRL_SIGNATURE
        8,  # CRL_SIGNATURE_FAILURE
        11,  # CRL_NOT_YET_VALID
        12,  # CRL_HAS_EXPIRED
        15,  # ERROR_IN_CRL_LAST_UPDATE_FIELD
        16,  # ERROR_IN_CRL_NEXT_UPDATE_FIELD
        33,  # UNABLE_TO_GET_CRL_ISSUER
        35,  # KEYUSAGE_NO_CRL_SIGN
        36,  # UNHANDLED_CRITICAL_CRL_EXTENSION
        44,  # DIFFERENT_CRL_SCOPE
        54,  # CRL_PATH_VALIDATION_ERROR
        73,  # OCSP_VERIFY_NEEDED
        74,  # OCSP_VERIFY_FAILED
        75,  # OCSP_CERT_UNKNOWN
        96,  # OCSP_RESP_INVALID
        97,  # OCSP_SIGNATURE_FAILURE
        98,  # OCSP_NOT_YET_VALID
        99,  # OCSP_HAS_EXPIRED
        100,  # OCSP_NO_RESPONSE
    }
)

HOSTNAME_MISMATCH = 62

# UNABLE_TO_GET_ISSUER_CERT, …_LOCALLY, UNABLE_TO_VERIFY_LEAF_SIGNATURE
NO_ISSUER = frozenset({2, 20, 21})
TOO_LONG = 22  # CERT_CHAIN_TOO_LONG
REVOKED = 23  # CERT_REVOKED

_LEAF: Mapping[int, Reason] = MappingProxyType(
    {
        9: Reason.NOT_YET_VALID,  # CERT_NOT_YET_VALID
        10: Reason.EXPIRED,  # CERT_HAS_EXPIRED
        21: Reason.INCOMPLETE_CHAIN,  # UNABLE_TO_VERIFY_LEAF_SIGNATURE
        26: Reason.WRONG_PURPOSE,  # INVALID_PURPOSE
    }
)
_ANY: Mapping[int, Reason] = MappingProxyType(
    {
        2: Reason.INCOMPLETE_CHAIN,  # UNABLE_TO_GET_ISSUER_CERT
        9: Reason.CHAIN_EXPIRED,  # CERT_NOT_YET_VALID, of an issuer
        10: Reason.CHAIN_EXPIRED,  # CERT_HAS_EXPIRED, of an issuer
        17: Reason.MONITOR_ERROR,  # OUT_OF_MEM: ours
        18: Reason.SELF_SIGNED,  # DEPTH_ZERO_SELF_SIGNED_CERT
        19: Reason.UNTRUSTED_ISSUER,  # SELF_SIGNED_CERT_IN_CHAIN
        20: Reason.INCOMPLETE_CHAIN,  # UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        REVOKED: Reason.REVOKED,
        27: Reason.UNTRUSTED_ISSUER,  # CERT_UNTRUSTED: the trust store holds it, for another use
        28: Reason.UNTRUSTED_ISSUER,  # CERT_REJECTED: the trust store holds it as one to refuse
        HOSTNAME_MISMATCH: Reason.WRONG_HOSTNAME,
        63: Reason.WRONG_HOSTNAME,  # EMAIL_MISMATCH
        64: Reason.WRONG_HOSTNAME,  # IP_ADDRESS_MISMATCH
        66: Reason.WEAK_CRYPTO,  # EE_KEY_TOO_SMALL
        67: Reason.WEAK_CRYPTO,  # CA_KEY_TOO_SMALL
        68: Reason.WEAK_CRYPTO,  # CA_MD_TOO_WEAK
        69: Reason.MONITOR_ERROR,  # INVALID_CALL: ours
        70: Reason.MONITOR_ERROR,  # STORE_LOOKUP: our trust store cannot be searched
    }
)

# What the owner has to mend first, first. Who vouches comes before the name, and the name before
# the dates: renewing a certificate does not help where its issuer is not trusted, or where it is
# for another name. A fault of ours makes all of it doubtful.
_LEADS = (
    Reason.MONITOR_ERROR,
    Reason.REVOKED,
    Reason.SELF_SIGNED,
    Reason.UNTRUSTED_ISSUER,
    Reason.INCOMPLETE_CHAIN,
    Reason.CHAIN_INVALID,
    Reason.WRONG_HOSTNAME,
    Reason.WRONG_PURPOSE,
    Reason.CHAIN_EXPIRED,
    Reason.EXPIRED,
    Reason.NOT_YET_VALID,
    Reason.WEAK_CRYPTO,
)

# What is wrong with the leaf, whatever path leads up from it.
_OF_THE_LEAF = frozenset(
    {
        Reason.REVOKED,
        Reason.WRONG_HOSTNAME,
        Reason.WRONG_PURPOSE,
        Reason.EXPIRED,
        Reason.NOT_YET_VALID,
    }
)
# What is wrong with the path. Without one of these, the path that OpenSSL followed works.
OF_THE_PATH = frozenset(
    {
        Reason.SELF_SIGNED,
        Reason.UNTRUSTED_ISSUER,
        Reason.INCOMPLETE_CHAIN,
        Reason.CHAIN_EXPIRED,
        Reason.CHAIN_INVALID,
        Reason.WEAK_CRYPTO,
    }
)
# With one of these, anyone may have signed a staple.
_UNTRUSTED = frozenset(
    {
        Reason.MONITOR_ERROR,
        Reason.SELF_SIGNED,
        Reason.UNTRUSTED_ISSUER,
        Reason.INCOMPLETE_CHAIN,
        Reason.CHAIN_INVALID,
    }
)

_ENDINGS: Mapping[Ending, Reason] = MappingProxyType(
    {
        Ending.REFUSED: Reason.REFUSED,
        Ending.UNREACHABLE: Reason.UNREACHABLE,
        Ending.TIMEOUT: Reason.TIMEOUT,
        Ending.RESET: Reason.HANDSHAKE_FAILED,
        Ending.ALERT: Reason.HANDSHAKE_FAILED,
        Ending.DECLINED: Reason.HANDSHAKE_FAILED,
        Ending.CUT_OFF_LATE: Reason.HANDSHAKE_FAILED,
        Ending.CLOSED_LATE: Reason.HANDSHAKE_FAILED,
        # Finished without a certificate: anonymous ciphers are not offered
        Ending.DONE: Reason.HANDSHAKE_FAILED,
        Ending.NOT_TLS: Reason.NO_TLS,
    }
)
# Why our OpenSSL ends a handshake, as (ERR_GET_LIB, ERR_GET_REASON): what is not in here is
# HANDSHAKE_FAILED.
_SSL = 20  # ERR_LIB_SSL
_DECLINED: Mapping[tuple[int, int], Reason] = MappingProxyType(
    {
        (_SSL, 333): Reason.WEAK_CRYPTO,  # SSL_R_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED
        # SSL_R_WRONG_SIGNATURE_TYPE: signed as we do not offer, with SHA-1
        (_SSL, 370): Reason.WEAK_CRYPTO,
        (_SSL, 394): Reason.WEAK_CRYPTO,  # SSL_R_DH_KEY_TOO_SMALL
        (_SSL, 397): Reason.WEAK_CRYPTO,  # SSL_R_CA_KEY_TOO_SMALL
        (_SSL, 398): Reason.WEAK_CRYPTO,  # SSL_R_CA_MD_TOO_WEAK
        (_SSL, 399): Reason.WEAK_CRYPTO,  # SSL_R_EE_KEY_TOO_SMALL
    }
)
# What OpenSSL says of a Certificate message that it cannot take apart, which brings no certificate
# along.
_MALFORMED = frozenset(
    {
        (_SSL, 0x8000B),  # ERR_R_X509_LIB
        (_SSL, 0x8000D),  # ERR_R_ASN1_LIB
        (_SSL, 135),  # SSL_R_CERT_LENGTH_MISMATCH
        (_SSL, 239),  # SSL_R_UNABLE_TO_FIND_PUBLIC_KEY_PARAMETERS
        (_SSL, 247),  # SSL_R_UNKNOWN_CERTIFICATE_TYPE
    }
)


def judge(
    contact: Contact,
    *,
    issuer_missing: bool = True,
    name_covered: bool = False,
    ends_in_root: bool = False,
) -> tuple[Reason, tuple[Problem, ...]]:
    """The one reason of a contact with every verify error behind it, the one to mend first leading.

    What was seen of the certificate decides where the handshake got to its end, else how it ended.
    `issuer_missing`: where OpenSSL finds no issuer for the leaf, none was sent; else it was, and
    one of the two is malformed. `name_covered`: it is for the name that was asked, whatever OpenSSL
    says to that. `ends_in_root`: the last issuer on the path is its own, so that none is missing
    above it.
    """
    problems = _problems(contact, issuer_missing, ends_in_root)
    if name_covered:
        problems = tuple(
            problem for problem in problems if problem.reason is not Reason.WRONG_HOSTNAME
        )
    if contact.chain_seen:
        return (problems[0].reason if problems else Reason.OK), problems
    return _unfinished(contact), problems


def reason_of_error(code: int) -> Reason:
    """The reason for a verify error of a leaf, where nothing else is known of its handshake."""
    return _reason_for(code, 0, issuer_missing=True, ends_in_root=False)


def _unfinished(contact: Contact) -> Reason:
    if contact.ending is not Ending.DECLINED:
        return _ENDINGS[contact.ending]
    if contact.leaf is None and not _MALFORMED.isdisjoint(contact.codes):
        return Reason.CHAIN_INVALID
    return next(
        (_DECLINED[code] for code in contact.codes if code in _DECLINED), Reason.HANDSHAKE_FAILED
    )


def trusts_issuer(problems: Iterable[Problem]) -> bool:
    """Whether the certificate's issuer is one that we trust: only then its word on revocation
    counts."""
    return not any(problem.reason in _UNTRUSTED for problem in problems)


def with_staple(problems: tuple[Problem, ...], staple: Staple) -> tuple[Problem, ...]:
    """The problems, led by the revocation that the server's own staple tells of."""
    on = f" on {staple.revoked_at:%Y-%m-%d}" if staple.revoked_at is not None else ""
    why = f" ({staple.revocation_reason})" if staple.revocation_reason else ""
    text = f"certificate revoked{on}{why}, according to the stapled OCSP response"
    return (Problem(REVOKED, 0, text, Reason.REVOKED, stapled=True), *problems)


def _problems(contact: Contact, issuer_missing: bool, ends_in_root: bool) -> tuple[Problem, ...]:
    found = dict.fromkeys(
        Problem(code, depth, text, _reason_for(code, depth, issuer_missing, ends_in_root))
        for code, depth, text in contact.errors
        if code not in NO_NEWS
    )

    def urgency(problem: Problem) -> tuple[bool, bool, int]:
        # Where another path works, browsers take that one: what is wrong with the leaf stops all
        # visitors.
        avoided = bool(contact.other_path) and problem.reason not in _OF_THE_LEAF
        # OpenSSL gives up a path that is too long, and so misses the issuer at its end: only the
        # length has to be mended.
        return avoided, problem.code != TOO_LONG, _LEADS.index(problem.reason)

    return tuple(sorted(found, key=urgency))


def _reason_for(code: int, depth: int, issuer_missing: bool, ends_in_root: bool) -> Reason:
    if code in NO_ISSUER and depth == 0 and not issuer_missing:
        return Reason.CHAIN_INVALID
    if code in NO_ISSUER and depth > 0 and ends_in_root:
        return Reason.UNTRUSTED_ISSUER
    reason = _LEAF.get(code) if depth == 0 else None
    return reason or _ANY.get(code, Reason.CHAIN_INVALID)
