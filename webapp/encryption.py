"""Texts that the database holds encrypted, by a key that is derived from the site's secret key."""

from __future__ import annotations

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32  # a Fernet key


def encrypt(text: str, secret: str, purpose: str) -> str:
    """The text, encrypted; each `purpose` has a key of its own."""
    return _fernet(secret, purpose).encrypt(text.encode()).decode()


def decrypt(encrypted: str, secret: str, purpose: str) -> str | None:
    """The text; None where it was encrypted under another secret."""
    try:
        return _fernet(secret, purpose).decrypt(encrypted.encode()).decode()
    except InvalidToken:
        return None


def _fernet(secret: str, purpose: str) -> Fernet:
    derived = HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(secret.encode())
    return Fernet(urlsafe_b64encode(derived))
