"""Passwords as they are stored: hashed with Argon2, and compared with what is typed."""

from __future__ import annotations

import secrets
from functools import cache, partial

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError, VerifyMismatchError

from webapp.accounts import hashing, passwords
from webapp.customers.models import User

# What is longer is refused before it is hashed: hashing takes time and memory
MOST_PASSWORD_CHARACTERS = 1024

_hasher = PasswordHasher()


class CannotHash(Exception):
    """Argon2 could not do its work, mostly for want of memory or threads: the password may be right
    or wrong."""


def knows_password(user: User, password: str) -> bool:
    """Whether this is the user's password. Takes as long as a sign-in does."""
    known = user.password_hash
    return len(password) <= MOST_PASSWORD_CHARACTERS and hashing.in_turn(
        partial(verify, known, password)
    )


def hash_password(password: str | None) -> str:
    """A password as it is stored; None: one that no one knows.

    Takes a while on purpose: do it before `writing()`, where others would wait. Raises
    `CannotHash`, or `hashing.TooManyHashes` as all do that look at a password.
    """
    return hashing.in_turn(partial(_hash, secrets.token_hex() if password is None else password))


def verify(password_hash: str, password: str) -> bool:
    """Whether this is the password.

    One that was set before passwords were normalized is tried as it was typed too.
    """
    return any(
        _fits(password_hash, text) for text in dict.fromkeys((passwords.normal(password), password))
    )


def _hash(password: str) -> str:
    try:
        return _hasher.hash(passwords.normal(password))
    except Argon2Error as error:
        raise CannotHash(str(error)) from error


def _fits(password_hash: str, password: str) -> bool:
    """Whether it fits the hash as it is. Raises `CannotHash` where this machine cannot tell."""
    try:
        return _hasher.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False  # it is another password, or one that nothing fits
    except Argon2Error as error:
        # Allocation or threads failed: a right password looks the same as a wrong one here
        raise CannotHash(str(error)) from error


@cache
def hash_of_nobody() -> str:
    """What a password is compared with where the e-mail address is unknown, so that this takes no
    less time."""
    return _hash(secrets.token_hex())
