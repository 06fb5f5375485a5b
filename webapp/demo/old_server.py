"""A TLS 1.2 server without secure renegotiation (RFC 5746), which no current library can be made to
be.

It speaks ECDHE-ECDSA-AES128-GCM-SHA256 over X25519 and nothing else, without extensions (RFC 5246,
5288, 8422).
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import hmac
import os
import socket
from collections.abc import Awaitable, Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from webapp.demo.behaviours import HTTP_200, Behaviour, exactly
from webapp.demo.pki import Identity

CHANGE_CIPHER_SPEC = 20
HANDSHAKE = 22
DATA = 23
SERVER_HELLO = 2
CERTIFICATE = 11
SERVER_KEY_EXCHANGE = 12
SERVER_HELLO_DONE = 14
FINISHED = 20
VERSION = b"\x03\x03"
SUITE = b"\xc0\x2b"
X25519 = b"\x03\x00\x1d"
ECDSA_SHA256 = b"\x04\x03"


def without_secure_renegotiation(leaf: Identity, *chain: Identity) -> Behaviour:
    """Shake hands, wait for a request, answer it. The leaf's key has to be an EC one."""
    assert isinstance(leaf.key, ec.EllipticCurvePrivateKey)  # noqa: S101 - for the type
    key = leaf.key

    async def behaviour(sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        receive = functools.partial(loop.sock_recv, sock)
        _, hello = await _record(receive)
        client_random = hello[6:38]
        server_random = os.urandom(32)
        share = X25519PrivateKey.generate()
        parameters = X25519 + _sized(share.public_key().public_bytes_raw(), 1)
        signature = key.sign(client_random + server_random + parameters, ec.ECDSA(hashes.SHA256()))
        certificates = b"".join(_sized(each.der, 3) for each in (leaf, *chain))
        flight = [
            _message(SERVER_HELLO, VERSION + server_random + b"\0" + SUITE + b"\0"),
            _message(CERTIFICATE, _sized(certificates, 3)),
            _message(SERVER_KEY_EXCHANGE, parameters + ECDSA_SHA256 + _sized(signature, 2)),
            _message(SERVER_HELLO_DONE, b""),
        ]
        await loop.sock_sendall(sock, b"".join(_plain(HANDSHAKE, each) for each in flight))
        kind, exchange = await _record(receive)
        if kind != HANDSHAKE:  # an alert: a client that insists on secure renegotiation
            return
        secret = share.exchange(X25519PublicKey.from_public_bytes(exchange[5:]))
        master = _prf(secret, b"master secret", client_random + server_random, 48)
        keys = _prf(master, b"key expansion", server_random + client_random, 40)
        theirs = AESGCM(keys[:16])
        ours = AESGCM(keys[16:32])
        transcript = b"".join((hello, *flight, exchange))
        await _record(receive)  # its ChangeCipherSpec
        transcript += _opened(theirs, keys[32:36], 0, HANDSHAKE, (await _record(receive))[1])
        digest = hashlib.sha256(transcript).digest()
        finished = _message(FINISHED, _prf(master, b"server finished", digest, 12))
        sealed = _sealed(ours, keys[36:], 0, HANDSHAKE, finished)
        await loop.sock_sendall(sock, _plain(CHANGE_CIPHER_SPEC, b"\x01") + sealed)
        if (await _record(receive))[0] == DATA:
            await loop.sock_sendall(sock, _sealed(ours, keys[36:], 1, DATA, HTTP_200))

    return behaviour


async def _record(receive: Callable[[int], Awaitable[bytes]]) -> tuple[int, bytes]:
    head = await exactly(5, receive)
    return head[0], await exactly(int.from_bytes(head[3:], "big"), receive)


def _plain(kind: int, content: bytes) -> bytes:
    return bytes((kind,)) + VERSION + _sized(content, 2)


def _message(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + _sized(body, 3)


def _sized(content: bytes, width: int) -> bytes:
    return len(content).to_bytes(width, "big") + content


def _prf(secret: bytes, label: bytes, seed: bytes, length: int) -> bytes:
    """RFC 5246, 5."""
    seed = label + seed
    made = b""
    chained = seed
    while len(made) < length:
        chained = hmac.digest(secret, chained, "sha256")
        made += hmac.digest(secret, chained + seed, "sha256")
    return made[:length]


def _associated(number: int, kind: int, length: int) -> bytes:
    return number.to_bytes(8, "big") + bytes((kind,)) + VERSION + length.to_bytes(2, "big")


def _sealed(cipher: AESGCM, salt: bytes, number: int, kind: int, content: bytes) -> bytes:
    nonce = number.to_bytes(8, "big")
    sealed = cipher.encrypt(salt + nonce, content, _associated(number, kind, len(content)))
    return _plain(kind, nonce + sealed)


def _opened(cipher: AESGCM, salt: bytes, number: int, kind: int, sealed: bytes) -> bytes:
    nonce = sealed[:8]
    content = sealed[8:]
    return cipher.decrypt(salt + nonce, content, _associated(number, kind, len(content) - 16))
