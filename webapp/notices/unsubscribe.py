"""Mails of warnings are switched off by a link in them, without a sign-in (RFC 8058)."""

from __future__ import annotations

from itsdangerous import BadSignature, URLSafeSerializer

from webapp.customers.models import User
from webapp.extensions import db

SALT = "unsubscribe from warnings"


def token_for(user: User, secret_key: str) -> str:
    """What makes this user's link. It works as long as they have this e-mail address."""
    return str(URLSafeSerializer(secret_key, SALT).dumps([user.id, user.email]))


def user_of(token: str, secret_key: str) -> User | None:
    """Whose link this is; None where it works no more, or never did."""
    try:
        id_, email = URLSafeSerializer(secret_key, SALT).loads(token)
    except BadSignature:
        return None
    user = db.session.get(User, id_)
    return user if user is not None and user.email == email else None
