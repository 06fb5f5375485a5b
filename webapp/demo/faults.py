"""The lab's cases whose certificate is not valid. With `connection_faults` there is at least one
server for each of the reasons in `webapp.probe.finding.Reason`."""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from webapp.demo.chains import names_only
from webapp.demo.der import GENERALIZED_TIME, der
from webapp.demo.loopback import REVOKED_SERIAL, Lab
from webapp.demo.pki import days, extension, issue, issue_ca
from webapp.demo.servers import shows, shows_bad_signature, shows_self_signed
from webapp.probe.der import BIT_STRING, UTC_TIME
from webapp.probe.finding import Reason
from webapp.probe.notes import Note

OTHER = "other.lab.example"


def add_to(lab: Lab) -> None:
    """Start every server whose certificate is not valid."""
    _bad_dates(lab)
    _bad_issuers(lab)
    _bad_names_and_uses(lab)
    _bad_chains(lab)
    _several_faults(lab)


def _bad_dates(lab: Lab) -> None:
    old = issue_ca("Padlock Lab CA 2 (expired)", issuer=lab.root, not_after=days(-3.5))
    lab.add(
        "expired",
        Reason.EXPIRED,
        "Leaf expired 9 days ago",
        shows(not_before=days(-99), not_after=days(-9.5)),
    )
    lab.add(
        "not-yet-valid",
        Reason.NOT_YET_VALID,
        "Leaf not valid for another 3 days",
        shows(not_before=days(3.5)),
    )
    utc = der(UTC_TIME, b"4901010000Z")
    generalized = der(GENERALIZED_TIME, b"205001010000Z")
    about = "An end without seconds, which no certificate may have"
    lab.add("no-seconds", Reason.CHAIN_INVALID, about, shows(not_after=utc))
    lab.add(
        "no-seconds-2050",
        Reason.CHAIN_INVALID,
        f"{about}, from 2050 on",
        shows(not_after=generalized),
    )
    lab.add(
        "chain-expired", Reason.CHAIN_EXPIRED, "Intermediate expired 3 days ago", shows(issuer=old)
    )
    new = issue_ca("Padlock Lab CA 7 (not valid yet)", issuer=lab.root, not_before=days(3.5))
    lab.add(
        "chain-not-yet-valid",
        Reason.CHAIN_EXPIRED,
        "Intermediate not valid for another 3 days",
        shows(issuer=new),
    )


def _bad_issuers(lab: Lab) -> None:
    reason = Reason.UNTRUSTED_ISSUER
    root = issue_ca("Nobody's Root")
    middle = issue_ca("Nobody's CA", issuer=root)
    lab.add("self-signed", Reason.SELF_SIGNED, "Leaf signed by itself", shows_self_signed())
    lab.add(
        "untrusted-root-sent",
        reason,
        "Unknown root, sent",
        shows(issuer=middle, chain=(middle, root)),
    )
    # it might be an intermediate as well
    missing = Reason.INCOMPLETE_CHAIN
    above = [Note.UPPER_ISSUER_NOT_SENT]
    lab.add(
        "untrusted-root-missing",
        missing,
        "Unknown root, not sent",
        shows(issuer=middle),
        notes=above,
    )
    lab.add(
        "revoked",
        Reason.REVOKED,
        "Leaf on its issuer's revocation list",
        shows(serial=REVOKED_SERIAL),
    )


def _bad_names_and_uses(lab: Lab) -> None:
    differs = "curl accepts the CN if there is no SAN; browsers do not"
    lab.add("wrong-hostname", Reason.WRONG_HOSTNAME, "Leaf for another name", shows(names=OTHER))
    lab.add(
        "a.b.wild",
        Reason.WRONG_HOSTNAME,
        "A wildcard is one label, not two",
        shows(names="*.wild.lab.example"),
    )
    lab.add(
        "cn-only",
        Reason.WRONG_HOSTNAME,
        "Name in the CN, no SAN",
        shows(san=b""),
        curl=(0,),
        differs=differs,
    )
    client = [ExtendedKeyUsageOID.CLIENT_AUTH]
    lab.add("wrong-purpose", Reason.WRONG_PURPOSE, "Leaf for clients only (EKU)", shows(eku=client))
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - weak on purpose
    lab.add("weak-key", Reason.WEAK_CRYPTO, "Leaf with an RSA key of 1024 bits", shows(key=weak))
    sha1 = hashes.SHA1()  # noqa: S303 - weak on purpose
    lab.add("weak-digest", Reason.WEAK_CRYPTO, "Leaf signed with SHA-1", shows(digest=sha1))


def _bad_chains(lab: Lab) -> None:
    reason = Reason.CHAIN_INVALID
    last = issue_ca("Padlock Lab CA 3 (issues leaves only)", issuer=lab.root, path_length=0)
    beyond = issue_ca("Padlock Lab CA 4", issuer=last)
    lab.add(
        "path-length",
        reason,
        "A CA below one that may have none",
        shows(issuer=beyond, chain=(beyond, last)),
    )

    leaf = issue("leaf.lab.example", issuer=lab.intermediate)
    lab.add(
        "issuer-no-ca",
        reason,
        "Issued by a leaf",
        shows(issuer=leaf, chain=(leaf, lab.intermediate)),
    )

    bounds = names_only("elsewhere.example")
    elsewhere = issue_ca(
        "Padlock Lab CA 5 (for elsewhere.example)", issuer=lab.root, extensions=[bounds]
    )
    lab.add(
        "name-constraints",
        reason,
        "Its CA may issue for another domain only",
        shows(issuer=elsewhere),
    )

    long = [lab.intermediate]
    for number in range(11):
        long.insert(0, issue_ca(f"Padlock Lab CA 8.{number}", issuer=long[0]))
    far = shows(issuer=long[0], chain=long)
    differs = "curl follows up to a hundred issuers, Padlock ten"
    lab.add(
        "too-long", reason, "A dozen issuers between leaf and root", far, curl=(0,), differs=differs
    )

    strange = [extension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.9999"), b"\x05\x00", critical=True)]
    lab.add(
        "critical-extension",
        reason,
        "A critical extension that nobody knows",
        shows(extensions=strange),
    )
    differs = (
        "curl reads the first entry of OpenSSL's error queue, which is about the signature itself"
    )
    about = "The signature on the leaf does not match"
    lab.add("bad-signature", reason, about, shows_bad_signature(), curl=(35,), differs=differs)
    expired = issue_ca("Padlock Lab CA 9 (expired)", issuer=lab.root, not_after=days(-3.5))
    about = "The signature on the leaf does not match, and its issuer has expired"
    both = shows_bad_signature(issuer=expired)
    lab.add("bad-signature-later", reason, about, both, others=[Reason.CHAIN_EXPIRED])
    differs = (
        "curl reads the first entry of OpenSSL's error queue, which is about what it cannot read"
    )
    about = "A key usage that allows nothing"
    lab.add(
        "key-usage-empty",
        reason,
        about,
        shows(usage=der(BIT_STRING, b"\0")),
        curl=(35,),
        differs=differs,
    )


def _several_faults(lab: Lab) -> None:
    bad: dict[str, Any] = {"names": OTHER, "not_before": days(-99), "not_after": days(-9.5)}
    nobody = shows(issuer=issue_ca("Nobody's second Root"), **bad)
    both = (Reason.WRONG_HOSTNAME, Reason.EXPIRED)
    one = (Reason.EXPIRED,)
    lab.add(
        "wrong-expired", Reason.WRONG_HOSTNAME, "Another name, expired", shows(**bad), others=one
    )
    lab.add(
        "untrusted-and-more",
        Reason.UNTRUSTED_ISSUER,
        "Unknown issuer, other name, expired",
        nobody,
        others=both,
    )
    lab.add(
        "self-signed-and-more",
        Reason.SELF_SIGNED,
        "Self-signed, other name, expired",
        shows_self_signed(**bad),
        others=both,
    )
    lab.add(
        "incomplete-and-more",
        Reason.INCOMPLETE_CHAIN,
        "No intermediate, other name, expired",
        shows(chain=(), **bad),
        others=both,
        notes=[Note.ONLY_LEAF_SENT],
    )
