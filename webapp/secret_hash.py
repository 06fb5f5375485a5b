"""What is stored of the secrets that open something: sign-ins, tokens and links."""

from __future__ import annotations

import hashlib


def secret_hash(secret: str) -> str:
    """SHA-256 in hex. Such a secret is long and random: its hash needs neither salt nor time."""
    return hashlib.sha256(secret.encode()).hexdigest()
