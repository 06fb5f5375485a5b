"""The facts beside a verdict that never change it."""

from __future__ import annotations

from enum import StrEnum


class Note(StrEnum):
    """A fact beside the verdict that never changes it."""

    CLIENT_CERTIFICATE_WANTED = "client_certificate_wanted"
    ENDED_BY_US = "ended_by_us"  # our OpenSSL ended the handshake, not the server
    # RFC 5746 is missing: browsers get in, curl does not
    NO_SECURE_RENEGOTIATION = "no_secure_renegotiation"
    OTHER_PATH_WORKS = (
        # OpenSSL went into a dead end; the certificates sent hold a path that verifies
        "other_path_works"
    )
    ONLY_LEAF_SENT = "only_leaf_sent"  # and its issuer is missing
    # Others were sent with the leaf, none of which is its issuer
    ISSUER_NOT_SENT = "issuer_not_sent"
    # The leaf's issuer was sent, one further up is missing
    UPPER_ISSUER_NOT_SENT = "upper_issuer_not_sent"
    # A certificate has the missing issuer's name, and another key
    ISSUER_OTHER_KEY = "issuer_other_key"
    # it has the key, too, and the certificate it issued names another one by its identifiers (RFC
    # 5280, 4.2.1.1)
    ISSUER_OTHER_IDENTIFIER = "issuer_other_identifier"
    # It has the key, too, and may not issue certificates all the same
    ISSUER_UNFIT = "issuer_unfit"
    # The certificate demands a good OCSP staple (RFC 7633), and none came
    MUST_STAPLE = "must_staple"
    STAPLE_OUTDATED = "staple_outdated"
    STAPLE_EARLY = "staple_early"
    STAPLE_UNKNOWN = "staple_unknown"
    STAPLE_OTHER_CERTIFICATE = "staple_other_certificate"
    STAPLE_UNVERIFIED = "staple_unverified"
    STAPLE_UNREADABLE = "staple_unreadable"
    # curl gets in and Chromium does not: of valid certificates only, see `browsers`.
    BROWSERS_REFUSE_KEY = "browsers_refuse_key"
    BROWSERS_REFUSE_KEY_USAGE = "browsers_refuse_key_usage"
    BROWSERS_REFUSE_PURPOSE = "browsers_refuse_purpose"
    BROWSERS_REFUSE_SIGNATURE = "browsers_refuse_signature"
    BROWSERS_REFUSE_TEXT = "browsers_refuse_text"
    BROWSERS_REFUSE_FORM = "browsers_refuse_form"


BROWSERS_REFUSE = frozenset(note for note in Note if note.startswith("browsers_refuse"))
