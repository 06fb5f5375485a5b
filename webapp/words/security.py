"""Security events, roles and refused passwords in words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

# Security events, by the code that is stored (customers.security.Event).
SECURITY_EVENTS = MappingProxyType(
    {
        "sign-in": "Signed in",
        "sign-in failed": "Sign-in failed",
        "sign-in refused": "Sign-in refused: too many attempts",
        "sign-out": "Signed out",
        "sign-in ended": "Signed out another browser",
        "signed out elsewhere": "Signed out every other browser",
        "signed out everywhere": "Signed out everywhere",
        "reset requested": "Password reset requested",
        "reset refused": "Password reset refused: too many attempts",
        "reset link made": "Reset link created",
        "password reset": "Password set by a reset link",
        "password changed": "Password changed",
        "password check failed": "Wrong current password",
        "password check refused": "Current password refused: too many attempts",
        "e-mail changed": "E-mail address changed",
        "user added": "User added",
        "role changed": "Role changed",
        "user disabled": "User disabled",
        "user enabled": "User enabled",
        "view as started": "Started viewing as this user",
        "view as ended": "Stopped viewing as this user",
    }
)
ROLES = MappingProxyType({"client": "Client", "staff": "Staff", "admin": "Administrator"})


def security_event_text(event: str, parameters: Mapping[str, str]) -> str:
    """A security event in words: "Role changed from Client to Administrator"; one that is not
    known, by its code."""
    words = SECURITY_EVENTS.get(event, event)
    before, role = (ROLES.get(parameters.get(name, "")) for name in ("before", "role"))
    if before and role:
        return f"{words} from {before} to {role}"
    return f"{words} as {role}" if role else words


class PasswordFault(Enum):
    """Why a password is refused; the value says what to do."""

    SHORT = "Use at least 12 characters."
    BLANK = "A password needs letters or digits, not only spaces."
    PATTERN = (
        "This repeats itself or follows a row of keys. Choose a few words that do not belong"
        " together."
    )
    OWN = (
        "This is mostly your name, your e-mail address or the name of this site. Choose other"
        " words."
    )
    COMMON = "This is easy to guess. Choose a few words that do not belong together."
