"""The parts of a certificate in words, and a second certificate that only some browsers get."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from shlex import quote
from types import MappingProxyType

from webapp.probe.finding import Field, Reason, Signing
from webapp.probe.steps import SecondCertificate
from webapp.words.reasons import WORDS
from webapp.words.times import age_text
from webapp.words.translation import Table, gettext

# What a second certificate is, which only some browsers are shown.
_SECOND: Mapping[Reason, Callable[[str], str]] = MappingProxyType(
    {
        Reason.OK: lambda _: gettext("it is valid."),
        Reason.EXPIRED: lambda ago: gettext("it expired {ago}.", ago=ago),
        Reason.NOT_YET_VALID: lambda _: gettext("it is not valid yet."),
        Reason.CHAIN_EXPIRED: lambda _: gettext("its issuer's certificate is not valid now."),
        Reason.SELF_SIGNED: lambda _: gettext("it is self-signed."),
        Reason.UNTRUSTED_ISSUER: lambda _: gettext("its issuer is not trusted."),
        Reason.INCOMPLETE_CHAIN: lambda _: gettext("its certificate chain is incomplete."),
        Reason.WRONG_HOSTNAME: lambda _: gettext("it is for a different name."),
        Reason.WRONG_PURPOSE: lambda _: gettext("it is not meant for websites."),
        Reason.WEAK_CRYPTO: lambda _: gettext("it uses outdated cryptography."),
        Reason.REVOKED: lambda _: gettext("it is revoked."),
        Reason.CHAIN_INVALID: lambda _: gettext("its certificate chain is broken."),
    }
)
# The options of openssl that offer the server one kind of key only.
_SIGALGS: Mapping[Signing, str] = MappingProxyType(
    {
        Signing.RSA: "RSA-PSS+SHA256:RSA+SHA256",
        Signing.ECDSA: "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512",
    }
)
FIELDS: Mapping[Field, str] = Table(
    {
        Field.SUBJECT: lambda: gettext("who it was issued to"),
        Field.ISSUER: lambda: gettext("its issuer"),
        Field.NAMES: lambda: gettext("some of its names"),
        Field.SERIAL: lambda: gettext("its serial number"),
        Field.NOT_BEFORE: lambda: gettext("its start date"),
        Field.NOT_AFTER: lambda: gettext("its end date"),
        Field.KEY: lambda: gettext("its key"),
        Field.SIGNATURE: lambda: gettext("its signature algorithm"),
    }
)


def not_readable() -> str:
    """In place of a value, or beside the names of those that are meant."""
    return gettext("Not readable")


def no_issuer_name() -> str:
    """In place of an issuer's name."""
    return gettext("an issuer without a name")


def no_subject_name() -> str:
    """In place of a subject's name."""
    return gettext("a certificate without a name")


def issuer_text(issuer: str, unreadable: Sequence[str] = ()) -> str:
    """Who issued a certificate, also where it does not say so, or cannot be understood."""
    if issuer:
        return issuer
    if Field.ISSUER in unreadable:
        return gettext("an issuer whose name cannot be read")
    return no_issuer_name()


def unreadable_text(unreadable: Sequence[str]) -> str:
    """ "its issuer, some of its names": which parts of a certificate cannot be read; empty where
    all can."""
    return ", ".join(FIELDS[Field(each)] for each in unreadable)


def second_text(second: SecondCertificate, zone: tzinfo = UTC) -> str:
    """Who is shown a second certificate, and what is wrong with it."""
    finding = second.finding
    not_after = finding.certificate.not_after if finding.certificate else None
    ago = age_text(not_after, finding.checked_at, zone) if not_after is not None else ""
    if finding.reason in _SECOND:
        what = _SECOND[finding.reason](ago)
    else:
        what = gettext("{title}.", title=WORDS[finding.reason].title)
    return gettext(
        "Visitors whose browser prefers {signing} get a different certificate: {what}",
        signing=second.signing,
        what=what,
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
