"""OCSP answer as the server stapled it -> what it says of the server's certificate. Pure; reads with cryptography.

Nothing is ever fetched: what the server sends along by itself (RFC 6066, 8) is judged as `curl --cert-status` does. An
answer is hostile input, so nothing in here raises for what a server sent.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from webapp.probe.finding import Staple, StapleStatus

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=5)  # by which clocks may differ; curl grants the same
MOST_BYTES = 16 * 1024  # an honest answer has 500 bytes to 4 kB
MOST_SIGNERS = 4  # certificates sent along that are tried as the signer's; one is enough

_STATUSES = {
    ocsp.OCSPCertStatus.GOOD: StapleStatus.GOOD,
    ocsp.OCSPCertStatus.REVOKED: StapleStatus.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: StapleStatus.UNKNOWN,
}

# As in certificate.py: strangers make odd certificates.
warnings.filterwarnings("ignore", category=UserWarning, module=__name__)


def read(answer: bytes, leaf: bytes, issuer: bytes | None, now: datetime) -> Staple:
    """What a stapled OCSP answer (RFC 6960) says of `leaf` at `now`. All three are DER.

    `issuer` is the certificate that the leaf was verified with; without one nothing can be verified. `GOOD`, `REVOKED`
    and `UNKNOWN` are only said of an answer that is current, about this certificate, and signed by its issuer or a
    responder of the issuer's.
    """
    if len(answer) > MOST_BYTES:
        return Staple(StapleStatus.UNREADABLE)
    try:
        return _read(answer, leaf, issuer, now)
    except MemoryError:
        raise  # it is ours, and says nothing of what was read
    except Exception as error:  # noqa: BLE001 - the parser may raise anything on what a stranger made
        log.info("a stapled OCSP answer cannot be read: %s", error)
        return Staple(StapleStatus.UNREADABLE)


def _read(answer: bytes, leaf: bytes, issuer: bytes | None, now: datetime) -> Staple:
    response = ocsp.load_der_ocsp_response(answer)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return Staple(StapleStatus.UNREADABLE)  # "try later" and the like: an answer without an answer
    response.tbs_response_bytes  # noqa: B018 - raises where it is no basic response
    if issuer is None:
        return Staple(StapleStatus.UNVERIFIED)
    authority = x509.load_der_x509_certificate(issuer)
    single = _latest(_about(response, x509.load_der_x509_certificate(leaf), authority))
    if single is None:
        return Staple(StapleStatus.OTHER_CERTIFICATE)
    signers = (authority, *response.certificates[:MOST_SIGNERS])
    if not any(_signed_by(signer, response, authority, now) for signer in signers):
        return Staple(StapleStatus.UNVERIFIED)
    reason = single.revocation_reason
    return Staple(
        _status(single, now),
        this_update=single.this_update_utc,
        next_update=single.next_update_utc,
        revoked_at=single.revocation_time_utc,
        revocation_reason=reason.value if reason is not None else "",
    )


def _about(
    response: ocsp.OCSPResponse, leaf: x509.Certificate, issuer: x509.Certificate
) -> Iterator[ocsp.OCSPSingleResponse]:
    """Those parts of an answer that are about this certificate; one answer may be about many."""
    for single in response.responses:
        if single.serial_number != leaf.serial_number:
            continue
        # A request for it would name it the same way, by hashes of its issuer's name and key.
        wanted = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, single.hash_algorithm).build()
        if (single.issuer_name_hash, single.issuer_key_hash) == (wanted.issuer_name_hash, wanted.issuer_key_hash):
            yield single


def _latest(singles: Iterator[ocsp.OCSPSingleResponse]) -> ocsp.OCSPSingleResponse | None:
    return max(singles, key=lambda single: single.this_update_utc, default=None)


def _status(single: ocsp.OCSPSingleResponse, now: datetime) -> StapleStatus:
    """RFC 6960, 3.2: an answer outside its time is unreliable, whatever it says. Without nextUpdate it has no end."""
    start, end = single.this_update_utc, single.next_update_utc
    if start > now + GRACE:
        return StapleStatus.EARLY
    if end is not None and (end < now - GRACE or end < start):
        return StapleStatus.OUTDATED
    return _STATUSES[single.certificate_status]


def _signed_by(signer: x509.Certificate, response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> bool:
    """Whether this one signed the answer and may do so (RFC 6960, 4.2.2.2): the issuer itself, or whom the issuer
    certified for just this. The answer has to name it as its signer."""
    try:
        key = signer.public_key()
        if response.responder_name != signer.subject:
            key_hash = x509.SubjectKeyIdentifier.from_public_key(key).digest
            if response.responder_key_hash != key_hash:
                return False
        if key != issuer.public_key():
            signer.verify_directly_issued_by(issuer)
            uses = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            in_time = signer.not_valid_before_utc - GRACE <= now <= signer.not_valid_after_utc + GRACE
            if ExtendedKeyUsageOID.OCSP_SIGNING not in uses or not in_time:
                return False
        _verify(response, key)
    except Exception as error:  # noqa: BLE001 - as in `read`; and one that does not fit must not hide one that does
        log.info("a stapled OCSP answer is not signed by one that may: %s", type(error).__name__)
        return False
    return True


def _verify(response: ocsp.OCSPResponse, key: Any) -> None:
    """Raises where this key did not sign the answer. SHA-1 counts, as it does for OpenSSL (RFC 6960, 4.3); MD5 does
    not."""
    signature, signed = response.signature, response.tbs_response_bytes
    if response.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS:
        _verify_pss(signature, signed, key)
        return
    digest = response.signature_hash_algorithm
    if isinstance(digest, hashes.MD5):
        raise InvalidSignature
    if isinstance(key, rsa.RSAPublicKey) and digest is not None:
        key.verify(signature, signed, padding.PKCS1v15(), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
        key.verify(signature, signed, ec.ECDSA(digest))
    else:
        key.verify(signature, signed)  # Ed25519 and its like bring their own digest


def _verify_pss(signature: bytes, signed: bytes, key: rsa.RSAPublicKey) -> None:
    """cryptography does not tell which digest an answer names for RSASSA-PSS, so each is tried."""
    for digest in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
        try:
            key.verify(signature, signed, padding.PSS(padding.MGF1(digest), padding.PSS.AUTO), digest)
        except InvalidSignature:
            continue
        return
    raise InvalidSignature
