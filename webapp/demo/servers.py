"""The kinds of servers in the lab: each function makes a `Server`, which opens one address of a
host name."""

from __future__ import annotations

import dataclasses
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from webapp.demo.behaviours import Behaviour, https
from webapp.demo.loopback import Address, Lab
from webapp.demo.old_server import without_secure_renegotiation
from webapp.demo.pki import Identity, PrivateKey, issue

Server = Callable[[Lab, str], Address]


def shows(
    *,
    names: str | None = None,
    issuer: Identity | None = None,
    chain: Sequence[Identity] | None = None,
    setup: Callable[[ssl.SSLContext], object] | None = None,
    talk: Callable[[ssl.SSLContext], Behaviour] = https,
    **leaf: Any,
) -> Server:
    """Show a leaf for the host name, by the good intermediate unless another is given, and its
    issuer behind it."""

    def server(lab: Lab, hostname: str) -> Address:
        by = issuer or lab.intermediate
        identity = issue(names or hostname, issuer=by, **leaf)
        return lab.serve(
            hostname, identity, *((by,) if chain is None else chain), setup=setup, talk=talk
        )

    return server


def shows_self_signed(*, names: str | None = None, **leaf: Any) -> Server:
    """Show a leaf that signed itself."""
    return lambda lab, hostname: lab.serve(hostname, issue(names or hostname, **leaf))


def shows_bad_signature(*, issuer: Identity | None = None, **leaf: Any) -> Server:
    """Show a leaf with a bit of its signature flipped."""

    def server(lab: Lab, hostname: str) -> Address:
        by = issuer or lab.intermediate
        return lab.serve(hostname, with_bad_signature(issue(hostname, issuer=by, **leaf)), by)

    return server


def shows_two(
    second: Identity,
    *chain: Identity,
    key: PrivateKey | None = None,
    setup: Callable[[ssl.SSLContext], object] | None = None,
) -> Server:
    """Show a good leaf, on an EC key unless another is given, and have a second one with its chain
    beside it."""

    def server(lab: Lab, hostname: str) -> Address:
        first = issue(hostname, issuer=lab.intermediate, key=key)
        context = lab.context(first, lab.intermediate)
        lab.load(context, second, *chain)
        if setup:
            setup(context)
        return lab.listen(hostname, https(context))

    return server


def prefers_rsa(context: ssl.SSLContext) -> None:
    """A `setup` for a server of TLS 1.2 that shows its RSA certificate to clients that take one."""
    only(ssl.TLSVersion.TLSv1_2)(context)
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256")


def with_bad_signature(good: Identity) -> Identity:
    """The same certificate with a bit of its signature flipped."""
    return dataclasses.replace(good, der=good.der[:-1] + bytes((good.der[-1] ^ 1,)))


def shows_to_who_asks(lab: Lab, hostname: str) -> Address:
    """Show the right certificate to a client that names the host (SNI), and another one to all
    others."""
    right = lab.context(issue(hostname, issuer=lab.intermediate), lab.intermediate)
    context = lab.context(issue("stock.lab.example", issuer=lab.intermediate), lab.intermediate)

    def choose(tls: ssl.SSLObject, asked: str | None, _: ssl.SSLContext) -> None:
        if asked == hostname:
            tls.context = right

    context.sni_callback = choose
    return lab.listen(hostname, https(context))


def refuses_wrong_sni(lab: Lab, hostname: str) -> Address:
    """Send an alert to a client that does not name the host (SNI)."""
    context = lab.context(issue(hostname, issuer=lab.intermediate), lab.intermediate)

    def choose(_: ssl.SSLObject, asked: str | None, __: ssl.SSLContext) -> int | None:
        return None if asked == hostname else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    context.sni_callback = choose
    return lab.listen(hostname, https(context))


def shows_without_secure_renegotiation(*, names: str | None = None, **leaf: Any) -> Server:
    """Show a leaf as a server from before RFC 5746 does."""

    def server(lab: Lab, hostname: str) -> Address:
        identity = issue(names or hostname, issuer=lab.intermediate, **leaf)
        return lab.listen(hostname, without_secure_renegotiation(identity, lab.intermediate))

    return server


def does(behaviour: Behaviour) -> Server:
    """Do this with every connection."""
    return lambda lab, hostname: lab.listen(hostname, behaviour)


def points(address: Address) -> Server:
    """Only point there: what listens there is no server of this host name."""
    return lambda lab, hostname: lab.point(hostname, address)


def only(version: ssl.TLSVersion) -> Callable[[ssl.SSLContext], None]:
    """A `setup` for one version of TLS and no other."""

    def setup(context: ssl.SSLContext) -> None:
        context.minimum_version = context.maximum_version = version

    return setup


def only_rsa(context: ssl.SSLContext) -> None:
    """A `setup` without forward secrecy: the client sends its secret encrypted to the key of the
    certificate."""
    only(ssl.TLSVersion.TLSv1_2)(context)
    context.set_ciphers("AES128-GCM-SHA256")


def wants_client(version: ssl.TLSVersion, roots: Path) -> Callable[[ssl.SSLContext], None]:
    """A `setup` that insists on a client certificate by one of these roots."""

    def setup(context: ssl.SSLContext) -> None:
        only(version)(context)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(roots)

    return setup
