"""The lab's cases that are valid, though not all of them look it at once."""

from __future__ import annotations

import ssl
from functools import partial
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from webapp.demo.behaviours import EARLY_HINTS, SSH_BANNER, http2_only, http_answer, https, says
from webapp.demo.der import NUMERIC_STRING
from webapp.demo.loopback import LOOPBACK, Lab
from webapp.demo.pki import ENCIPHER_ONLY, days, extension, issue_ca, name
from webapp.demo.servers import (
    only,
    only_rsa,
    points,
    refuses_wrong_sni,
    shows,
    shows_to_who_asks,
    shows_without_secure_renegotiation,
    wants_client,
)
from webapp.probe.finding import Reason
from webapp.probe.notes import Note

# Where the redirect leads: `Lab.contacts` says whether anybody followed
LANDING = "landing.lab.example"


HOSTILE_ISSUERS = {
    "script": name(cn="<script>alert(1)</script>", o='"><img src=x onerror=alert(1)>'),
    "attribute": name(cn='" onmouseover="alert(1)', o="' hx-get='/sign-out' hx-trigger='load"),
    "bidi": name(cn="\u202emoc.knab\u202c\u200b Trust", o="Line\r\nSet-Cookie: a=b\x1b[31m\0end"),
    "template": name(cn="{{7*7}} ${7*7} <%= 7*7 %>", o="=cmd|' /C calc'!A0"),
    "long": name(cn="C" * 10_000, o="O" * 10_000),
}


def add_to(lab: Lab) -> None:
    """Start every server with a valid certificate."""
    lab.add("ok", Reason.OK, "A valid certificate", shows())
    lab.add(
        "expiring-soon",
        Reason.OK,
        "Valid for 12 more days",
        # The last quarter of its life
        shows(not_before=days(-60), not_after=days(12.5)),
        days_left=12,
    )
    _names(lab)
    _chains(lab)
    _versions(lab)
    _client_certificates(lab)
    _http(lab)
    _dead_addresses(lab)
    _stray_addresses(lab)
    _hostile_texts(lab)
    _browsers_refuse(lab)


def _names(lab: Lab) -> None:
    wild = "*.wild.lab.example"
    lab.add("shop.wild", Reason.OK, "A wildcard in the SAN", shows(names=wild))
    lab.add(
        "foo_bar.wild",
        Reason.OK,
        "A wildcard in the SAN, an underscore in the name",
        shows(names=wild),
    )
    lab.add("xn--bcher-kva", Reason.OK, "A name with an umlaut: bücher.lab.example", shows())
    lab.add(
        "sni-only",
        Reason.OK,
        "Another certificate for who does not name it (SNI)",
        shows_to_who_asks,
    )
    lab.add("sni-strict", Reason.OK, "An alert for who does not name it (SNI)", refuses_wrong_sni)


def _chains(lab: Lab) -> None:
    ca = lab.intermediate
    root = lab.root
    lower = issue_ca("Padlock Lab CA 6", issuer=ca)
    strangers = issue_ca("Unrelated CA 1"), issue_ca("Unrelated CA 2")
    old_stranger = issue_ca("Unrelated CA 3 (expired)", not_after=days(-200))
    # The same CA twice, same name and key, the expired certificate first.
    twin = issue_ca(ca.name, issuer=root, key=ca.key, not_after=days(-5))
    # The way of AddTrust and DST X3: our root is also there signed by an older one, and that path
    # has expired.
    old_root = issue_ca("Forgotten Root (expired)", not_after=days(-200))
    cross = issue_ca(root.name, issuer=old_root, key=root.key, not_after=days(-200))
    lab.add(
        "wrong-order",
        Reason.OK,
        "Intermediates in the wrong order",
        shows(issuer=lower, chain=(ca, lower)),
    )
    lab.add("root-sent", Reason.OK, "Root sent along", shows(chain=(ca, root)))
    lab.add(
        "extra-certificates",
        Reason.OK,
        "Unrelated certificates sent along",
        shows(chain=(*strangers, ca)),
    )
    lab.add(
        "extra-expired",
        Reason.OK,
        "Unrelated expired certificate sent along",
        shows(chain=(ca, old_stranger)),
    )
    lab.add(
        "expired-twin",
        Reason.OK,
        "Expired twin of the intermediate sent along",
        shows(chain=(twin, ca)),
    )
    lab.add(
        "expired-cross",
        Reason.OK,
        "Expired path beside the good one",
        shows(chain=(ca, cross, old_root)),
    )


def _versions(lab: Lab) -> None:
    key = rsa.generate_private_key(65537, 2048)
    lab.add("tls-1-2", Reason.OK, "TLS 1.2 only", shows(setup=only(ssl.TLSVersion.TLSv1_2)))
    lab.add("tls-1-3", Reason.OK, "TLS 1.3 only", shows(setup=only(ssl.TLSVersion.TLSv1_3)))
    lab.add(
        "no-forward-secrecy", Reason.OK, "RSA key exchange only", shows(key=key, setup=only_rsa)
    )
    differs = "browsers connect without RFC 5746, curl does not"
    lab.add(
        "no-secure-renegotiation",
        Reason.OK,
        "No secure renegotiation (RFC 5746)",
        shows_without_secure_renegotiation(),
        notes=[Note.NO_SECURE_RENEGOTIATION],
        curl=(35,),
        differs=differs,
    )


def _client_certificates(lab: Lab) -> None:
    for label, version, curl in (
        ("1-2", ssl.TLSVersion.TLSv1_2, 35),
        ("1-3", ssl.TLSVersion.TLSv1_3, 56),
    ):
        lab.add(
            f"client-certificate-{label}",
            Reason.OK,
            f"Requests a client certificate (TLS {label.replace('-', '.')})",
            shows(setup=wants_client(version, lab.ca_bundle)),
            notes=[Note.CLIENT_CERTIFICATE_WANTED],
            curl=(curl,),
            differs="the server refuses curl, which has no client certificate; the server's own"
            " certificate was seen and is valid",
        )


def _http(lab: Lab) -> None:
    _, port = lab.listen(LANDING, says(http_answer("200 OK")))
    away = partial(
        https, answer=http_answer("301 Moved Permanently", f"Location: http://{LOOPBACK}:{port}/")
    )
    failing = partial(https, answer=http_answer("500 Internal Server Error"))
    empty = shows(talk=partial(https, answer=b""))
    differs = "curl expects an HTTP response; the certificate decides"
    lab.add("http-500", Reason.OK, "HTTP 500 after a good handshake", shows(talk=failing))
    lab.add("redirect", Reason.OK, "A redirect that nobody may follow", shows(talk=away))
    lab.add(
        "empty-reply",
        Reason.OK,
        "Hangs up after a good handshake",
        empty,
        curl=(52,),
        differs=differs,
    )
    early = partial(https, answer=EARLY_HINTS + http_answer("200 OK"))
    lab.add("early-hints", Reason.OK, "Sends 103 Early Hints before its answer", shows(talk=early))
    for label, about, answer, curl in (
        ("interim-endless", "Sends interim answers without end", EARLY_HINTS * 10_000, 56),
        (
            "headers-too-large",
            "Sends 600 kB of headers",
            http_answer("200 OK", *["X-Padding: none"] * 40_000),
            56,
        ),
        ("nul-in-header", "Sends a NUL byte in a header", http_answer("200 OK", "X-Odd: a\0b"), 8),
        ("not-http", "Speaks TLS, but not HTTP", SSH_BANNER, 1),
    ):
        odd = shows(talk=partial(https, answer=answer))
        lab.add(label, Reason.OK, about, odd, curl=(curl,), differs=differs)
    lab.add("http2-only", Reason.OK, "Speaks HTTP/2 only", shows(talk=http2_only))
    lab.add(
        "slow",
        Reason.OK,
        "Slow but alive: a handshake of 1.5 seconds",
        shows(talk=partial(https, delay=1.5)),
    )


def _dead_addresses(lab: Lab) -> None:
    lab.add(
        "dead-first",
        Reason.OK,
        "First address refuses, second is well",
        Lab.refuse,
        shows(),
        curl=(7, 0),
    )
    if lab.dead:
        dead = points(lab.dead)
        lab.add(
            "silent-first",
            Reason.OK,
            "First address is dead, second is well",
            dead,
            shows(),
            curl=(28, 0),
        )


def _stray_addresses(lab: Lab) -> None:
    """Names with one good address and, behind it, one that must not be asked."""
    for label, stray in (
        ("private", "10.0.0.1"),
        ("link-local", "fe80::1"),
        ("nat64", "64:ff9b::a9fe:a9fe"),
    ):
        about = f"One good address, one that must not be asked: {stray}"
        lab.add(f"half-{label}", Reason.OK, about, shows(), points((stray, 443)), curl=(0,))


def _hostile_texts(lab: Lab) -> None:
    for label, text in HOSTILE_ISSUERS.items():
        issuer = issue_ca(text, issuer=lab.root)
        lab.add(
            f"hostile-{label}",
            Reason.OK,
            f"Hostile text in the issuer's name ({label})",
            shows(issuer=issuer),
        )


def _browsers_refuse(lab: Lab) -> None:
    """Certificates that curl takes and Chromium does not."""
    unknown = extension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.9999"), b"twice")
    gated = x509.ObjectIdentifier("2.16.840.1.113730.4.1")
    own: tuple[tuple[str, str, Note, dict[str, Any]], ...] = (
        (
            "ed25519",
            "A key of a kind",
            Note.BROWSERS_REFUSE_KEY,
            {"key": ed25519.Ed25519PrivateKey.generate()},
        ),
        (
            "key-usage",
            "A key usage (keyEncipherment)",
            Note.BROWSERS_REFUSE_KEY_USAGE,
            {"usage": ENCIPHER_ONLY},
        ),
        ("gated-crypto", "A purpose (Netscape's)", Note.BROWSERS_REFUSE_PURPOSE, {"eku": [gated]}),
        (
            "sha224",
            "A signature (SHA-224)",
            Note.BROWSERS_REFUSE_SIGNATURE,
            {"digest": hashes.SHA224()},
        ),
        (
            "odd-text",
            "A text (NumericString)",
            Note.BROWSERS_REFUSE_TEXT,
            {"subject": name(cn="12345", kind=NUMERIC_STRING)},
        ),
        (
            "twice",
            "An extension that is there twice",
            Note.BROWSERS_REFUSE_FORM,
            {"extensions": [unknown] * 2},
        ),
    )
    for label, what, note, leaf in own:
        lab.add(
            f"browsers-{label}",
            Reason.OK,
            f"{what} that browsers refuse",
            shows(**leaf),
            notes=[note],
        )
    differs = "OpenSSL verifies ECDSA signatures with SHA-3 only from 3.4 on"
    sha3 = shows(digest=hashes.SHA3_256())
    about = "A signature (SHA3-256) that browsers refuse"
    notes = [Note.BROWSERS_REFUSE_SIGNATURE]
    lab.add("browsers-sha3", Reason.OK, about, sha3, notes=notes, curl=(60,), differs=differs)
