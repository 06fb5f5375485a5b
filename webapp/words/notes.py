"""Notes beside a verdict, in words: remarks, stapled OCSP answers, addresses that were not
asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from webapp.probe.finding import NotAsked, Reason, Staple, StapleStatus, Stray
from webapp.probe.notes import Note
from webapp.words.times import day_text
from webapp.words.translation import Table, gettext

NOTES: Mapping[Note, str] = Table(
    {
        Note.CLIENT_CERTIFICATE_WANTED: lambda: gettext(
            "The server asks visitors for a client certificate."
        ),
        Note.ENDED_BY_US: lambda: gettext(
            "Our side ended the connection, because it doesn't accept what the server sent."
        ),
        Note.BROWSERS_REFUSE_KEY: lambda: gettext(
            "Browsers may refuse this certificate: Chrome doesn't support this kind of key. Issue a"
            " new one with an RSA key of 2048 bits or an EC key on the curve P-256."
        ),
        Note.BROWSERS_REFUSE_KEY_USAGE: lambda: gettext(
            "Browsers may refuse this certificate: its key usage forbids what the connection needs."
            " Issue a new one with the key usages digitalSignature and, for an RSA key,"
            " keyEncipherment."
        ),
        Note.BROWSERS_REFUSE_PURPOSE: lambda: gettext(
            "Browsers may refuse this certificate: only old browsers accept the purpose that it"
            " states. Issue a new one, and its intermediate certificate too, with the extended key"
            " usage serverAuth."
        ),
        Note.BROWSERS_REFUSE_SIGNATURE: lambda: gettext(
            "Browsers may refuse this certificate: Chrome doesn't support the algorithm that an"
            " issuer signed with. Use an issuer that signs with RSA or with ECDSA on P-256 or"
            " P-384, and with SHA-256."
        ),
        Note.BROWSERS_REFUSE_TEXT: lambda: gettext(
            "Browsers may refuse this certificate: a name in its chain has characters that its text"
            " type doesn't allow. Issue a new one with these names as UTF8String."
        ),
        Note.BROWSERS_REFUSE_FORM: lambda: gettext(
            "Browsers may refuse this certificate: a field in its chain doesn't follow the standard"
            " (RFC 5280). Issue a new one with current software."
        ),
        Note.NO_SECURE_RENEGOTIATION: lambda: gettext(
            "The server's software is outdated. Browsers can connect, but some other programs"
            " can't."
        ),
        Note.OTHER_PATH_WORKS: lambda: gettext(
            "Many apps and other programs follow a certificate to a dead end. Browsers find"
            " another way."
        ),
        Note.ONLY_LEAF_SENT: lambda: gettext(
            "The server sends only the site's certificate, without its issuer's."
        ),
        Note.ISSUER_NOT_SENT: lambda: gettext(
            "The server also sends other certificates, but none of them issued the site's."
        ),
        Note.UPPER_ISSUER_NOT_SENT: lambda: gettext(
            "The server sends the issuer's certificate, but not the one above it. If that one"
            " belongs to a private certificate authority, browsers do not trust the site at all."
        ),
        Note.ISSUER_OTHER_KEY: lambda: gettext(
            "The server sends a certificate with the name of the missing issuer, but with a"
            " different key."
        ),
        Note.ISSUER_OTHER_IDENTIFIER: lambda: gettext(
            "The server sends the issuer's certificate, but the site's certificate names a"
            " different one of the same issuer."
        ),
        Note.ISSUER_UNFIT: lambda: gettext(
            "The server sends the issuer's certificate, but that certificate may not issue others."
        ),
        Note.MUST_STAPLE: lambda: gettext(
            "The certificate requires proof from the server that it is not revoked (must-staple)."
            " The server sends no valid proof. Chrome and Edge open the site; Firefox can refuse"
            " it. Turn on OCSP stapling, or renew the certificate without must-staple."
        ),
        Note.STAPLE_OUTDATED: lambda: gettext(
            "The server sends outdated proof that its certificate is not revoked (OCSP stapling)."
            " Chrome and Edge ignore it; Firefox can refuse the site. Find out why the server"
            " cannot renew it, or turn off OCSP stapling."
        ),
        Note.STAPLE_EARLY: lambda: gettext(
            "The stapled OCSP response is dated in the future. Check the server's clock."
        ),
        Note.STAPLE_UNKNOWN: lambda: gettext(
            "The stapled OCSP response says that the responder does not know this certificate."
        ),
        Note.STAPLE_OTHER_CERTIFICATE: lambda: gettext(
            "The stapled OCSP response is about another certificate. Reload the web server so that"
            " it fetches a new one."
        ),
        Note.STAPLE_UNVERIFIED: lambda: gettext(
            "The stapled OCSP response is ignored: it cannot be verified with a trusted issuer."
        ),
        Note.STAPLE_UNREADABLE: lambda: gettext(
            "The stapled OCSP response cannot be read. Check the web server's OCSP stapling."
        ),
    }
)
# What only a technician can use; the rest is for customers as well.
STAFF_NOTES = frozenset(
    {
        Note.STAPLE_EARLY,
        Note.STAPLE_UNKNOWN,
        Note.STAPLE_OTHER_CERTIFICATE,
        Note.STAPLE_UNVERIFIED,
        Note.STAPLE_UNREADABLE,
    }
)
STAPLES: Mapping[StapleStatus, str] = Table(
    {
        StapleStatus.GOOD: lambda: gettext("good"),
        StapleStatus.REVOKED: lambda: gettext("revoked"),
        StapleStatus.UNKNOWN: lambda: gettext("unknown to the responder"),
        StapleStatus.OUTDATED: lambda: gettext("outdated"),
        StapleStatus.EARLY: lambda: gettext("dated in the future"),
        StapleStatus.OTHER_CERTIFICATE: lambda: gettext("about another certificate"),
        StapleStatus.UNVERIFIED: lambda: gettext("not verified"),
        StapleStatus.UNREADABLE: lambda: gettext("unreadable"),
    }
)

# Addresses that must not be asked, by their record: "AAAA fe80::1". For staff only.
_STRAYS: Mapping[NotAsked, Callable[[str], str]] = MappingProxyType(
    {
        NotAsked.NOT_PUBLIC: lambda record: gettext(
            "{record} is not a public address.", record=record
        ),
        NotAsked.CARRIES_IPV4: lambda record: gettext(
            "{record} may lead to a private IPv4 address.", record=record
        ),
        NotAsked.DENIED: lambda record: gettext(
            "{record} is in PADLOCK_DENIED_NETWORKS and was not contacted.", record=record
        ),
    }
)
# The same where the name has other addresses as well, so that it is a matter of luck.
_STRAYS_AMONG_OTHERS: Mapping[NotAsked, Callable[[str], str]] = MappingProxyType(
    {
        **_STRAYS,
        NotAsked.NOT_PUBLIC: lambda record: gettext(
            "{record} is not a public address; some visitors may end up there.", record=record
        ),
        NotAsked.CARRIES_IPV4: lambda record: gettext(
            "{record} may lead to a private IPv4 address; some visitors may end up there.",
            record=record,
        ),
    }
)


def note_texts(notes: Iterable[str], *, staff: bool) -> list[str]:
    """What is worth knowing beside the verdict, from what is stored of a host name."""
    known = [note for note in Note if note in notes]
    return [NOTES[note] for note in known if staff or note not in STAFF_NOTES]


def staple_text(staple: Staple | None) -> str:
    """ "good, 27 Nov 2026 to 4 Dec 2026": what a stapled OCSP answer says, for staff."""
    if staple is None:
        return gettext("none")
    status = STAPLES[staple.status]
    if staple.this_update is None:
        return status
    start = day_text(staple.this_update)
    if staple.next_update is None:
        return gettext("{status}, {start}", status=status, start=start)
    end = day_text(staple.next_update)
    return gettext("{status}, {start} to {end}", status=status, start=start, end=end)


def stray_texts(strays: Iterable[Stray], reason: Reason | None) -> list[str]:
    """What staff are told of the addresses that were not asked: "AAAA fe80::1 is not a public
    address; some visitors may run into it." The latter only where there are others to run into."""
    said = _STRAYS if reason is Reason.BLOCKED else _STRAYS_AMONG_OTHERS
    return [said[stray.why](stray.record) for stray in strays]


def stored_stray_texts(stored: Iterable[Mapping[str, str]], reason: Reason | None) -> list[str]:
    """The same for addresses as they are stored of a host name."""
    return stray_texts((Stray(one["address"], NotAsked(one["why"])) for one in stored), reason)
