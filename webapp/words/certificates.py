"""The parts of a certificate in words, and a second certificate that only some browsers get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from shlex import quote
from types import MappingProxyType

from webapp.probe.finding import Field, Reason, Signing
from webapp.probe.steps import SecondCertificate
from webapp.words.reasons import WORDS
from webapp.words.times import age_text

# What a second certificate is, which only some browsers are shown.
SECOND: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.OK: "It is valid.",
        Reason.EXPIRED: "It expired {ago}.",
        Reason.NOT_YET_VALID: "It is not valid yet.",
        Reason.CHAIN_EXPIRED: "Its issuer's certificate is not valid now.",
        Reason.SELF_SIGNED: "It is self-signed.",
        Reason.UNTRUSTED_ISSUER: "Its issuer is not trusted.",
        Reason.INCOMPLETE_CHAIN: "Its certificate chain is incomplete.",
        Reason.WRONG_HOSTNAME: "It is for another name.",
        Reason.WRONG_PURPOSE: "It is not meant for websites.",
        Reason.WEAK_CRYPTO: "It uses outdated cryptography.",
        Reason.REVOKED: "It is revoked.",
        Reason.CHAIN_INVALID: "Its certificate chain is broken.",
    }
)
# The options of openssl that offer the server one kind of key only.
_SIGALGS: Mapping[Signing, str] = MappingProxyType(
    {
        Signing.RSA: "RSA-PSS+SHA256:RSA+SHA256",
        Signing.ECDSA: "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512",
    }
)
UNREADABLE = "Not readable"
FIELDS: Mapping[Field, str] = MappingProxyType(
    {
        Field.SUBJECT: "whom it was issued to",
        Field.ISSUER: "its issuer",
        Field.NAMES: "some of its names",
        Field.SERIAL: "its serial number",
        Field.NOT_BEFORE: "its start date",
        Field.NOT_AFTER: "its end date",
        Field.KEY: "its key",
        Field.SIGNATURE: "its signature algorithm",
    }
)
NO_ISSUER_NAME = "an issuer without a name"
NO_SUBJECT_NAME = "a certificate without a name"


def issuer_text(issuer: str, unreadable: Sequence[str] = ()) -> str:
    """Who issued a certificate, also where it does not say so, or cannot be understood."""
    return issuer or (
        "an issuer whose name cannot be read" if Field.ISSUER in unreadable else NO_ISSUER_NAME
    )


def unreadable_text(unreadable: Sequence[str]) -> str:
    """ "its issuer, some of its names": which parts of a certificate cannot be read; empty where
    all can."""
    return ", ".join(FIELDS[Field(each)] for each in unreadable)


def second_text(second: SecondCertificate, zone: tzinfo = UTC) -> str:
    """Who is shown a second certificate, and what is wrong with it."""
    finding = second.finding
    not_after = finding.certificate.not_after if finding.certificate else None
    ago = age_text(not_after, finding.checked_at, zone) if not_after is not None else ""
    what = SECOND.get(finding.reason, f"{WORDS[finding.reason].title}.").format(ago=ago)
    return (
        f"Visitors whose browser prefers {second.signing} get another certificate:"
        f" {what[0].lower()}{what[1:]}"
    )


def second_command(second: SecondCertificate) -> str:
    """The command that shows a second certificate; curl cannot ask for it in all its versions."""
    address = second.endpoint.address
    port = second.endpoint.port
    where = f"[{address}]" if ":" in address else address
    name = quote(second.finding.hostname or "")
    return (
        f"openssl s_client -connect {where}:{port} -servername {name} -sigalgs"
        f" {_SIGALGS[second.signing]}"
    )
