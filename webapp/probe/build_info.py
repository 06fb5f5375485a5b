"""The versions of the engine's libraries and the roots it trusts, for those who run it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from webapp.probe import trust_store


@dataclass(frozen=True, slots=True)
class Roots:
    """The roots that are trusted: their file as it is now, how many are in it, and its SHA-256.

    `problem` says why nothing can be verified against it; empty where all is well.
    """

    path: Path
    count: int = 0
    sha256: str = ""
    problem: str = ""


@cache
def versions() -> dict[str, str]:
    """What shakes hands, by name.

    OpenSSL is the library that is in use, in its own words: with its release date.
    """
    return {
        "OpenSSL": trust_store.openssl(),
        **{name: version(name) for name in ("pyOpenSSL", "cryptography", "certifi")},
    }


def roots(ca_bundle: Path | None) -> Roots:
    """The roots in `ca_bundle`, or certifi's.

    Reads the file again; those that are in use already stay in use.
    """
    path = trust_store.bundle(ca_bundle)
    try:
        pem = path.read_bytes()
        trust_store.load(path)
    except trust_store.UNUSABLE as error:
        return Roots(path, problem=str(error))
    return Roots(path, pem.count(b"-----BEGIN CERTIFICATE-----"), hashlib.sha256(pem).hexdigest())
