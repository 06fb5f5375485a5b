"""Which certificate may have issued another, by names and identifiers, as OpenSSL looks for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from webapp.probe import der, fields
from webapp.probe.certificate import UNREADABLE
from webapp.probe.der import Malformed
from webapp.probe.fields import Canonical, Opened, take_apart

_DIRECTORY = 0xA4  # of a GeneralName (RFC 5280, 4.2.1.6)

# of an authority key identifier
_KEY_ID = 0x80
_AUTHORITY_ISSUER = 0xA1
_AUTHORITY_SERIAL = 0x82


def lacks_issuer(leaf: bytes, sent: Sequence[bytes]) -> bool:
    """Whether the issuer of a leaf is missing, where OpenSSL found none among the certificates that
    were sent.

    It finds none either for a leaf whose extensions it cannot read, or where it cannot read those
    of the issuer (EXFLAG_INVALID): then nothing is missing, and something is malformed.
    """
    opened = take_apart(leaf)
    if _malformed(opened):
        return False
    issuer = _name(opened, "issuer")
    return issuer is not None and not any(
        _may_have_issued(take_apart(other), opened, issuer) for other in sent
    )


def is_named_as_issuer(certificate: bytes, issuer: bytes) -> bool:
    """Whether a certificate names this one as its issuer's: by name, and by the identifiers of the
    authority where it has some (RFC 5280, 4.2.1.1)."""
    opened = take_apart(certificate)
    name = _name(opened, "issuer")
    return name is not None and _may_have_issued(take_apart(issuer), opened, name)


def _may_have_issued(other: Opened, opened: Opened, issuer: Canonical) -> bool:
    """Whether OpenSSL would take one for the issuer of another, as far as names and identifiers
    go."""
    if _name(other, "subject") != issuer:
        return False
    wanted = _authority(opened)
    own = _key_id(other)
    if wanted.key_id is not None and own not in (None, wanted.key_id):
        return False
    # Of the issuer's certificate, not of its key (RFC 5280, 4.2.1.1): a renewed one has another
    # serial number.
    number = other.fields.get("serial")
    if wanted.serial is not None and (number is None or number.body != wanted.serial):
        return False
    return wanted.issuer in (None, _name(other, "issuer"))


class _Authority(NamedTuple):
    """How a certificate names the certificate of its issuer, besides by name (RFC 5280,
    4.2.1.1)."""

    key_id: bytes | None = None
    issuer: Canonical | None = None
    serial: bytes | None = None


def _authority(opened: Opened) -> _Authority:
    for value in opened.values(fields.AUTHORITY_KEY_ID):
        with suppress(*UNREADABLE):
            parts = {each.tag: each.body for each in der.elements(der.first(value).body)}
            names = der.elements(parts.get(_AUTHORITY_ISSUER, b""))
            directory = next((der.first(one.body) for one in names if one.tag == _DIRECTORY), None)
            issuer = None if directory is None else fields.canonical(fields.name(directory))
            return _Authority(parts.get(_KEY_ID), issuer, parts.get(_AUTHORITY_SERIAL))
    return _Authority()


def _key_id(opened: Opened) -> bytes | None:
    """The identifier of the certificate's own key; None where there is none to read."""
    for value in opened.values(fields.SUBJECT_KEY_ID):
        with suppress(Malformed):
            return der.content(der.first(value))
    return None


def _name(opened: Opened, which: str) -> Canonical | None:
    """Its subject or its issuer, to be compared; None where it cannot be read."""
    with suppress(*UNREADABLE):
        return fields.canonical(fields.name(opened.fields[which]))
    return None


def malformed_on_path(sent: Sequence[bytes]) -> bool:
    """Whether OpenSSL meets a certificate that it cannot read in full on its way up from the leaf,
    which comes first of these. Others that were sent along do not count."""
    current, *others = (take_apart(each) for each in sent)
    issuers: defaultdict[Canonical, list[Opened]] = defaultdict(list)
    for other in others:
        subject = _name(other, "subject")
        if subject is not None:
            issuers[subject].append(other)
    while not _malformed(current):
        issuer = _name(current, "issuer")
        if issuer is None or not issuers[issuer]:
            return False
        current = issuers[issuer].pop(0)
    return True


def _malformed(opened: Opened) -> bool:
    """Whether OpenSSL cannot read an extension that it goes by: it is there twice, or is not what
    it has to be."""
    known = [(oid, value) for oid, value in opened.extensions if oid in fields.READ_BY_OPENSSL]
    if len({oid for oid, _ in known}) < len(known):
        return True
    try:
        for oid, value in known:
            der.check(value)
            if der.first(value).tag != fields.READ_BY_OPENSSL[oid]:
                return True
            if oid == fields.KEY_USAGE and not any(der.first(value).body[1:]):
                return True  # it has to allow something (RFC 5280, 4.2.1.3)
    except Malformed:
        return True
    return False
