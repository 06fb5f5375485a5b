"""What a handshake trusts and offers: one OpenSSL context for a file of roots, loaded once and
shared by all.

The environment (SSL_CERT_FILE and the like) never counts.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import certifi
from OpenSSL import SSL, crypto

# What pyOpenSSL needs of OpenSSL itself and gives out in no other way: docs/adr/0002.
from OpenSSL._util import ffi, lib

from webapp.probe import certificate
from webapp.probe.finding import Signing

log = logging.getLogger(__name__)

# An SSL_OP_*. RFC 7685: some load balancers never answer a ClientHello of 256 to 511 bytes
_TLSEXT_PADDING = 0x10

# The groups of key exchange: a key share goes out for the first of them only, as curl and browsers
# send it. The post-quantum one costs a server that insists on it one more round trip, and no one
# else a larger ClientHello.
_GROUPS = b"X25519:P-256:P-384:P-521:X25519MLKEM768"
# For an OpenSSL before 3.5, which does not know the other
_OLD_GROUPS = b"X25519:P-256:P-384:P-521"

# What to offer, to be shown the certificate of one kind of key. OpenSSL then offers no cipher of
# the other kind either.
_ONLY = {
    Signing.RSA: ":".join(
        [f"rsa_pss_{key}_sha{size}" for key in ("rsae", "pss") for size in (256, 384, 512)]
        + [f"rsa_pkcs1_sha{size}" for size in (256, 384, 512)]
    ),
    Signing.ECDSA: "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512",
}

MOST_CONSTRAINT_CHECKS = 1_000_000  # pairs of a name and a constraint on it: 25 ms of CPU
_SUSPICIOUS_BYTES = 16 * 1024  # of a handshake; below it there is no room for more

Trust = SSL.Context


class TrustUnusable(Exception):
    """There is nothing to verify against: no root could be loaded."""


UNUSABLE = (OSError, SSL.Error, TrustUnusable)  # what `load` raises of a file without a usable root


@dataclass(slots=True)
class Seen:
    """What the callbacks of one connection have seen so far."""

    errors: list[tuple[int, int, str]] = field(default_factory=list)
    client_certificate_wanted: bool = False
    received: int = 0  # bytes of the handshake
    too_many_names: bool = False  # for their constraints to be looked at
    # In DER by depth, in a handshake that is suspiciously large
    path: dict[int, bytes] = field(default_factory=dict)
    fault: Exception | None = None  # of ours, in a callback: OpenSSL hands on none


_contexts: dict[tuple[Path, Signing | None], tuple[tuple[int, int], SSL.Context]] = {}
_loading = threading.Lock()


def trust(ca_bundle: Path | None, only: Signing | None = None) -> Trust:
    """The context that trusts the roots in `ca_bundle`, or certifi's; `only`: it takes no other
    kind of key.

    Reloaded when the file changes; when the new one is broken the old one is kept. The environment
    (SSL_CERT_FILE and the like) never counts.

    Raises `TrustUnusable` where there never was a good one: verifying against nothing would turn
    everything red.
    """
    path = bundle(ca_bundle)
    try:
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
    except OSError:
        stamp = (0, 0)
    known = _contexts.get((path, only))
    if known is not None and known[0] == stamp:
        return known[1]
    with _loading:
        known = _contexts.get((path, only))
        if known is not None and known[0] == stamp:
            return known[1]
        try:
            loaded = load(path, only)
            log.info("trusting the roots in %s", path)
        except UNUSABLE as error:
            if known is None:
                raise TrustUnusable(f"no root can be loaded from {path}: {error}") from error
            log.exception("keeping the roots loaded before: %s is broken", path)
            loaded = known[1]
        _contexts[path, only] = (stamp, loaded)
        return loaded


def bundle(ca_bundle: Path | None) -> Path:
    """The file whose roots are trusted."""
    return ca_bundle or Path(certifi.where())


def openssl() -> str:
    """ "OpenSSL 4.0.3 29 Sep 2026": the library that shakes hands, in its own words."""
    return SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode()


def load(path: Path, only: Signing | None = None) -> SSL.Context:
    """A context that trusts the roots in this file; `only`: it takes no other kind of key.

    Raises one of `UNUSABLE`.
    """
    pem = path.read_bytes()
    roots = pem.count(b"-----BEGIN CERTIFICATE-----") + pem.count(
        b"-----BEGIN TRUSTED CERTIFICATE-----"
    )
    if roots == 0:
        raise TrustUnusable("it contains no certificate")
    made = SSL.Context(SSL.TLS_CLIENT_METHOD)
    made.load_verify_locations(os.fspath(path))
    flags = crypto.X509StoreFlags.PARTIAL_CHAIN
    if b"-----BEGIN X509 CRL-----" in pem:
        flags |= crypto.X509StoreFlags.CRL_CHECK  # of the leaf, where its issuer's list is at hand
    store = made.get_cert_store()
    assert store is not None  # noqa: S101 - a context always has one; the type leaves room for none
    store.set_flags(flags)
    # pyOpenSSL's own way makes an object of each certificate first: a twelfth of a check's CPU.
    lib.SSL_CTX_set_verify(made._context, SSL.VERIFY_PEER, _certificate_verified)
    lib.SSL_CTX_set_cert_cb(made._context, _client_certificate_wanted, ffi.NULL)
    made.set_min_proto_version(SSL.TLS1_2_VERSION)
    # Browsers have left finite-field Diffie-Hellman behind, and a hostile server's parameters cost
    # a second of CPU.
    made.set_cipher_list(b"DEFAULT:!kDHE:@SECLEVEL=2")
    made.set_verify_depth(10)  # no honest chain is longer, and each link of a dishonest one costs
    if lib.SSL_CTX_set1_curves_list(made._context, _GROUPS) != 1:
        lib.ERR_clear_error()
        lib.SSL_CTX_set1_curves_list(made._context, _OLD_GROUPS)
    if only is not None and lib.SSL_CTX_set1_sigalgs_list(made._context, _ONLY[only].encode()) != 1:
        raise SSL.Error(f"OpenSSL does not take {_ONLY[only]}")
    made.set_options(_TLSEXT_PADDING)
    made.set_app_data(_store_of_roots(path))
    made.set_alpn_protos([b"h2", b"http/1.1"])
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    return made


def _store_of_roots(path: Path) -> crypto.X509Store:
    """The same roots for `path_over`.

    Revocation is left to the handshake: it is about the leaf, whatever the path.
    """
    store = crypto.X509Store()
    store.load_locations(os.fspath(path))
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    return store


_OUT_OF_MEMORY = 17  # X509_V_ERR_OUT_OF_MEM
_LEAF_DATES = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
_choosing_purpose = threading.Lock()


def path_over(
    trust: Trust, certificates: Sequence[bytes], *, for_server: bool = True
) -> tuple[bytes, ...]:
    """The path to a trusted root for the first of these certificates, if no others but the rest of
    them are sent with it; empty where none verifies. All in DER. No network.

    `for_server`: the first is a certificate for servers (X509_PURPOSE_SSL_SERVER), and its dates do
    not count, as no other path mends them; else it is an issuer's.
    """
    leaf, *others = (crypto.load_certificate(crypto.FILETYPE_ASN1, der) for der in certificates)
    store = trust.get_app_data()
    context = crypto.X509StoreContext(store, leaf, others)
    purpose = lib.X509_PURPOSE_SSL_SERVER if for_server else lib.X509_PURPOSE_ANY
    with _choosing_purpose:  # it belongs to the store, which all searches for a path share
        lib.X509_STORE_set_purpose(store._store, purpose)
        try:
            return tuple(der(each) for each in context.get_verified_chain())
        except crypto.X509StoreContextError as error:
            code, depth, *_ = error.errors
            if code == _OUT_OF_MEMORY:
                raise MemoryError("OpenSSL: no other path could be looked for") from error
            # OpenSSL looks at dates from the root down, and last of all: the rest of the path is
            # fine.
            return tuple(certificates) if for_server and depth == 0 and code in _LEAF_DATES else ()


@ffi.callback("int (*)(int, X509_STORE_CTX *)")  # type: ignore[untyped-decorator]
def _certificate_verified(ok: int, context: object) -> int:
    """What OpenSSL says of each certificate on its path; 1: it goes on."""
    ssl = lib.X509_STORE_CTX_get_ex_data(context, lib.SSL_get_ex_data_X509_STORE_CTX_idx())
    seen: Seen = SSL.Connection._reverse_mapping[ssl].get_app_data()
    try:
        if not ok:
            _record_error(seen, context)
        elif seen.received > _SUSPICIOUS_BYTES:
            _count_names(seen, context)
    except Exception as error:  # noqa: BLE001 - OpenSSL stands between here and the caller
        seen.fault = error
    return int(seen.fault is None and not seen.too_many_names)


def _record_error(seen: Seen, context: object) -> None:
    code = lib.X509_STORE_CTX_get_error(context)
    text = ffi.string(lib.X509_verify_cert_error_string(code)).decode("ascii", "replace")
    seen.errors.append((code, lib.X509_STORE_CTX_get_error_depth(context), text))
    lib.X509_STORE_CTX_set_error(context, 0)  # X509_V_OK


def _count_names(seen: Seen, context: object) -> None:
    """After the leaf's signature OpenSSL compares all names with all constraints: in 100 kB, for a
    second of CPU."""
    depth = lib.X509_STORE_CTX_get_error_depth(context)
    seen.path[depth] = raw_der(lib.X509_STORE_CTX_get_current_cert(context))
    seen.too_many_names = depth == 0 and _too_many_names(seen.path)


def _too_many_names(path: Mapping[int, bytes]) -> bool:
    ordered = [path[depth] for depth in sorted(path)]
    return certificate.constraint_checks(ordered) > MOST_CONSTRAINT_CHECKS


@ffi.callback("int (*)(SSL *, void *)")  # type: ignore[untyped-decorator]
def _client_certificate_wanted(ssl: object, _arg: object) -> int:
    SSL.Connection._reverse_mapping[ssl].get_app_data().client_certificate_wanted = True
    return 1  # go on, with none


def der(certificate: crypto.X509) -> bytes:
    """A certificate of pyOpenSSL's in DER."""
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)


def raw_der(certificate: object) -> bytes:
    """The certificate behind an OpenSSL `X509 *` in DER. Raises MemoryError."""
    memory = lib.BIO_new(lib.BIO_s_mem())
    try:
        if memory == ffi.NULL or lib.i2d_X509_bio(memory, certificate) != 1:
            raise MemoryError("OpenSSL: a certificate could not be copied")
        start = ffi.new("char **")
        length = lib.BIO_get_mem_data(memory, start)
        return bytes(ffi.buffer(start[0], length))
    finally:
        lib.BIO_free(memory)
