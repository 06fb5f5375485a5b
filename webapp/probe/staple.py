"""OCSP answer as the server stapled it -> what it says of the server's certificate.

Pure; reads with cryptography.

Nothing is ever fetched: what the server sends along by itself (RFC 6066, 8) is judged as `curl
--cert-status` does. An answer is hostile input, so nothing in here raises for what a server sent.
The leaf and its issuer are read field by field: cryptography refuses some that OpenSSL verifies,
and a revoked one must not be green for that.
"""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from webapp.probe import der, fields
from webapp.probe.fields import Opened, take_apart
from webapp.probe.finding import Staple, StapleStatus
from webapp.probe.memory import raise_if_short

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

    `issuer` is the certificate that the leaf was verified with; without one nothing can be
    verified. `GOOD`, `REVOKED` and `UNKNOWN` are only said of an answer that is current, about this
    certificate, and signed by its issuer or a responder of the issuer's.
    """
    if len(answer) > MOST_BYTES:
        return Staple(StapleStatus.UNREADABLE)
    try:
        return _read(answer, leaf, issuer, now)
    # The parser may raise anything on what a stranger made
    except Exception as error:  # noqa: BLE001
        raise_if_short(error)
        log.info("a stapled OCSP answer cannot be read: %s", error)
        return Staple(StapleStatus.UNREADABLE)


def _read(answer: bytes, leaf: bytes, issuer: bytes | None, now: datetime) -> Staple:
    response = ocsp.load_der_ocsp_response(answer)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        # "try later" and the like: an answer without an answer
        return Staple(StapleStatus.UNREADABLE)
    response.tbs_response_bytes  # noqa: B018 - raises where it is no basic response
    if issuer is None:
        return Staple(StapleStatus.UNVERIFIED)
    authority = take_apart(issuer)
    single = _latest(_about(response, take_apart(leaf), authority))
    if single is None:
        return Staple(StapleStatus.OTHER_CERTIFICATE)
    if not _signed_by_issuer(response, authority) and not any(
        _signed_by_responder(responder, response, issuer, now)
        for responder in response.certificates[:MOST_SIGNERS]
    ):
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
    response: ocsp.OCSPResponse, leaf: Opened, issuer: Opened
) -> Iterator[ocsp.OCSPSingleResponse]:
    """Those parts of an answer that are about this certificate; one answer may be about many.

    Each names it by its serial number and by hashes of its issuer's name and key (RFC 6960, 4.1.1).
    """
    serial = int.from_bytes(leaf.fields["serial"].body, "big", signed=True)
    name = der.whole(leaf.fields["issuer"])
    key = _key_bits(issuer)
    for single in response.responses:
        if single.serial_number != serial:
            continue
        with suppress(UnsupportedAlgorithm):
            digest = single.hash_algorithm.name
            if single.issuer_name_hash == _hash(digest, name) and single.issuer_key_hash == _hash(
                digest, key
            ):
                yield single


def _hash(digest: str, data: bytes) -> bytes:
    return hashlib.new(digest, data, usedforsecurity=False).digest()


def _key_bits(opened: Opened) -> bytes:
    """The public key without its kind: what key hashes are made of."""
    _, bits, *_ = der.inside(opened.fields["key"], der.SEQUENCE, at_least=2)
    return der.content(bits)[1:]


def _latest(singles: Iterator[ocsp.OCSPSingleResponse]) -> ocsp.OCSPSingleResponse | None:
    return max(singles, key=lambda single: single.this_update_utc, default=None)


def _status(single: ocsp.OCSPSingleResponse, now: datetime) -> StapleStatus:
    """RFC 6960, 3.2: an answer outside its time is unreliable, whatever it says.

    Without nextUpdate it has no end.
    """
    start = single.this_update_utc
    end = single.next_update_utc
    if start > now + GRACE:
        return StapleStatus.EARLY
    if end is not None and (end < now - GRACE or end < start):
        return StapleStatus.OUTDATED
    return _STATUSES[single.certificate_status]


def _signed_by_issuer(response: ocsp.OCSPResponse, issuer: Opened) -> bool:
    """Whether the issuer itself signed the answer, which has to name it as its signer."""
    try:
        if not _names(response, issuer):
            return False
        _verify(response, load_der_public_key(der.whole(issuer.fields["key"])))
    except Exception as error:  # noqa: BLE001 - as in `read`; and a responder may have signed it
        raise_if_short(error)
        log.info("a stapled OCSP answer is not signed by the issuer: %s", type(error).__name__)
        return False
    return True


def _signed_by_responder(
    responder: x509.Certificate, response: ocsp.OCSPResponse, issuer: bytes, now: datetime
) -> bool:
    """Whether this one signed the answer and may do so (RFC 6960, 4.2.2.2): whom the issuer
    certified for just this."""
    try:
        if not _names(response, take_apart(responder.public_bytes(Encoding.DER))):
            return False
        responder.verify_directly_issued_by(x509.load_der_x509_certificate(issuer))
        uses = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        in_time = (
            responder.not_valid_before_utc - GRACE <= now <= responder.not_valid_after_utc + GRACE
        )
        if ExtendedKeyUsageOID.OCSP_SIGNING not in uses or not in_time:
            return False
        _verify(response, responder.public_key())
    # As in `read`; and one that does not fit must not hide one that does
    except Exception as error:  # noqa: BLE001
        raise_if_short(error)
        log.info("a stapled OCSP answer is not signed by one that may: %s", type(error).__name__)
        return False
    return True


def _names(response: ocsp.OCSPResponse, signer: Opened) -> bool:
    """Whether the answer names this one as its signer, by its name or by its key."""
    if response.responder_name is None:
        return response.responder_key_hash == _hash("sha1", _key_bits(signer))
    named = der.first(response.responder_name.public_bytes())
    return fields.canonical(fields.name(named)) == fields.canonical(
        fields.name(signer.fields["subject"])
    )


def _verify(response: ocsp.OCSPResponse, key: Any) -> None:
    """Raises where this key did not sign the answer.

    SHA-1 counts, as it does for OpenSSL (RFC 6960, 4.3); MD5 does not.
    """
    signature = response.signature
    signed = response.tbs_response_bytes
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
            key.verify(
                signature, signed, padding.PSS(padding.MGF1(digest), padding.PSS.AUTO), digest
            )
        except InvalidSignature:
            continue
        return
    raise InvalidSignature
