"""The lab's cases with a stapled OCSP answer, good and bad.

Their servers are pyOpenSSL's, since the ssl module cannot staple.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL

from webapp.demo.behaviours import HTTP_200, Behaviour
from webapp.demo.loopback import Address, Lab
from webapp.demo.pki import Identity, days, extension, issue, issue_ca
from webapp.demo.servers import Server, shows
from webapp.probe.finding import Reason
from webapp.probe.notes import Note

T = TypeVar("T")

# RFC 7633
MUST_STAPLE = extension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.24"), bytes.fromhex("3003020105"))
# Successful, with a response of the basic kind that holds none (RFC 6960, 4.2.1). OpenSSL's servers
# read what they staple that far; and they staple nothing that is about another certificate, so
# there is no case of that here.
EMPTY_ANSWER = bytes.fromhex("3014 0a0100 a00f 300d 06092b0601050507300101 0400".replace(" ", ""))
OCSP_SIGNING = (ExtendedKeyUsageOID.OCSP_SIGNING,)
GOOD = ocsp.OCSPCertStatus.GOOD
REVOKED = ocsp.OCSPCertStatus.REVOKED
UNKNOWN = ocsp.OCSPCertStatus.UNKNOWN
TLS_1_2 = ssl.TLSVersion.TLSv1_2


def add_to(lab: Lab) -> None:
    """Start every server that staples, and one that should and does not."""
    _that_count(lab)
    _that_do_not_count(lab)
    _must_staple(lab)


def _that_count(lab: Lab) -> None:
    differs = "curl checks a staple only with --cert-status, and then exits with 91"
    revoked = answers(status=REVOKED)
    delegate = issue("ocsp.lab.example", issuer=lab.intermediate, eku=OCSP_SIGNING)
    by_delegate = answers(signer=delegate)
    lab.add("staple-good", Reason.OK, "A good OCSP staple", staples(answers()), cert_status=0)
    lab.add(
        "staple-good-1-2",
        Reason.OK,
        "A good OCSP staple (TLS 1.2)",
        staples(answers(), TLS_1_2),
        cert_status=0,
    )
    lab.add(
        "staple-delegated",
        Reason.OK,
        "A staple by the issuer's responder",
        staples(by_delegate),
        cert_status=0,
    )
    for label, about, version in (("", "", None), ("-1-2", " (TLS 1.2)", TLS_1_2)):
        about = f"The OCSP staple says revoked{about}"
        there = staples(revoked, version)
        lab.add(
            f"staple-revoked{label}",
            Reason.REVOKED,
            about,
            there,
            curl=(0,),
            differs=differs,
            cert_status=91,
        )
    both = staples(revoked, not_before=days(-99), not_after=days(-9.5))
    lab.add(
        "staple-revoked-expired",
        Reason.REVOKED,
        "Revoked, and expired",
        both,
        others=(Reason.EXPIRED,),
    )


def _that_do_not_count(lab: Lab) -> None:
    stranger = issue_ca("Unrelated OCSP responder")
    aimless = issue("ocsp.lab.example", issuer=lab.intermediate)
    past = answers(this_update=days(-9), next_update=days(-2))
    for label, about, answer, note in (
        ("outdated", "An outdated OCSP staple", past, Note.STAPLE_OUTDATED),
        ("early", "An OCSP staple from tomorrow", answers(this_update=days(1)), Note.STAPLE_EARLY),
        (
            "unknown",
            "The OCSP responder does not know the leaf",
            answers(status=UNKNOWN),
            Note.STAPLE_UNKNOWN,
        ),
        (
            "unreadable",
            "An unreadable OCSP staple",
            lambda *_: EMPTY_ANSWER,
            Note.STAPLE_UNREADABLE,
        ),
        (
            "forged",
            "A stranger's OCSP staple says revoked",
            answers(status=REVOKED, signer=stranger),
            Note.STAPLE_UNVERIFIED,
        ),
        (
            "aimless",
            "An OCSP staple signed by a mere leaf",
            answers(status=REVOKED, signer=aimless),
            Note.STAPLE_UNVERIFIED,
        ),
    ):
        lab.add(f"staple-{label}", Reason.OK, about, staples(answer), notes=[note], cert_status=91)


def _must_staple(lab: Lab) -> None:
    wants = [MUST_STAPLE]
    note = Note.MUST_STAPLE
    kept = staples(answers(), extensions=wants)
    past = answers(this_update=days(-9), next_update=days(-2))
    late = [note, Note.STAPLE_OUTDATED]
    none = "Requires a stapled OCSP response, but sends none"
    lab.add("must-staple", Reason.OK, none, shows(extensions=wants), notes=[note], cert_status=91)
    lab.add(
        "must-staple-good",
        Reason.OK,
        "Requires a stapled OCSP response and sends one",
        kept,
        cert_status=0,
    )
    lab.add(
        "must-staple-late",
        Reason.OK,
        "Requires a stapled OCSP response, but sends an outdated one",
        staples(past, extensions=wants),
        notes=late,
        cert_status=91,
    )


# A leaf and its issuer -> the OCSP answer in DER
StapleMaker = Callable[[Identity, Identity], bytes]


def answers(
    *,
    status: ocsp.OCSPCertStatus = GOOD,
    about: Identity | None = None,
    signer: Identity | None = None,
    sent: Sequence[Identity] | None = None,
    by_key: bool = False,
    this_update: datetime | None = None,
    next_update: datetime | None = None,
    endless: bool = False,
    digest: hashes.HashAlgorithm | None = None,
    id_digest: hashes.HashAlgorithm | None = None,
    reason: x509.ReasonFlags | None = x509.ReasonFlags.key_compromise,
) -> StapleMaker:
    """An OCSP answer about the leaf, or `about` another, signed by its issuer or by `signer`, whose
    certificate is then sent along. It holds from an hour ago for a week; `endless`: without a
    nextUpdate."""

    def answer(leaf: Identity, issuer: Identity) -> bytes:
        by = signer or issuer
        start = this_update or days(0) - timedelta(hours=1)
        end = None if endless else next_update or start + timedelta(days=7)
        revoked = status is REVOKED
        authority = _x509(issuer)
        builder = ocsp.OCSPResponseBuilder().add_response(
            _x509(about or leaf),
            authority,
            id_digest or hashes.SHA1(),  # noqa: S303 - what RFC 5019 wants it to be
            status,
            start,
            end,
            days(-3) if revoked else None,
            reason if revoked else None,
        )
        named = ocsp.OCSPResponderEncoding.HASH if by_key else ocsp.OCSPResponderEncoding.NAME
        builder = builder.responder_id(named, _x509(by))
        along = sent if sent is not None else (signer,) if signer else ()
        if along:
            builder = builder.certificates([_x509(each) for each in along])
        return builder.sign(by.key, digest or hashes.SHA256()).public_bytes(Encoding.DER)

    return answer


def staples(answer: StapleMaker, version: ssl.TLSVersion | None = None, **leaf: Any) -> Server:
    """Show a leaf by the good intermediate with this OCSP answer stapled to it."""

    def server(lab: Lab, hostname: str) -> Address:
        identity = issue(hostname, issuer=lab.intermediate, **leaf)
        stapled = answer(identity, lab.intermediate)
        return lab.listen(
            hostname, https(stapling(stapled, identity, lab.intermediate, version=version))
        )

    return server


def stapling(
    answer: bytes, leaf: Identity, *chain: Identity, version: ssl.TLSVersion | None = None
) -> SSL.Context:
    """A server's context that shows these certificates and staples these bytes."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate(_x509(leaf))
    context.use_privatekey(leaf.key)
    for each in chain:
        context.add_extra_chain_cert(_x509(each))
    if version is not None:
        context.set_min_proto_version(version)
        context.set_max_proto_version(version)
    context.set_ocsp_server_callback(lambda _connection, _data: answer)
    return context


def https(context: SSL.Context) -> Behaviour:
    """Shake hands, wait for a request, answer it; as `behaviours.https` does with the ssl
    module."""

    async def behaviour(sock: socket.socket) -> None:
        tls = SSL.Connection(context)
        tls.set_accept_state()
        await _patiently(tls, sock, tls.do_handshake)
        await _patiently(tls, sock, tls.recv, 65536)
        await _patiently(tls, sock, tls.send, HTTP_200)
        await _patiently(tls, sock, tls.shutdown)

    return behaviour


async def _patiently(
    tls: SSL.Connection, sock: socket.socket, call: Callable[..., T], *arguments: Any
) -> T:
    """What the call returns, once enough has come in for it.

    Raises OSError where the other side has gone.
    """
    loop = asyncio.get_running_loop()
    while True:
        try:
            result = call(*arguments)
        except SSL.WantReadError:
            pass
        except SSL.Error as error:
            raise ConnectionError("the other side ends it") from error
        else:
            await _send(tls, sock)
            return result
        await _send(tls, sock)
        received = await loop.sock_recv(sock, 65536)
        if not received:
            raise ConnectionError("the other side has gone")
        tls.bio_write(received)


async def _send(tls: SSL.Connection, sock: socket.socket) -> None:
    while True:
        try:
            data = tls.bio_read(65536)
        except SSL.WantReadError:
            return
        await asyncio.get_running_loop().sock_sendall(sock, data)


def _x509(identity: Identity) -> x509.Certificate:
    return x509.load_der_x509_certificate(identity.der)
