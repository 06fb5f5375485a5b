"""Security events, roles and refused passwords in words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from webapp.words.translation import Table, gettext

# Security events, by the code that is stored (customers.security.Event).
SECURITY_EVENTS: Mapping[str, str] = Table(
    {
        "sign-in": lambda: gettext("Signed in"),
        "sign-in failed": lambda: gettext("Sign-in failed"),
        "sign-in refused": lambda: gettext("Sign-in refused: too many attempts"),
        "sign-out": lambda: gettext("Signed out"),
        "sign-in ended": lambda: gettext("Signed out another browser"),
        "signed out elsewhere": lambda: gettext("Signed out every other browser"),
        "signed out everywhere": lambda: gettext("Signed out everywhere"),
        "reset requested": lambda: gettext("Password reset requested"),
        "reset refused": lambda: gettext("Password reset refused: too many attempts"),
        "reset link made": lambda: gettext("Reset link created"),
        "password reset": lambda: gettext("Password set with a reset link"),
        "password changed": lambda: gettext("Password changed"),
        "password check failed": lambda: gettext("Wrong current password"),
        "password check refused": lambda: gettext("Current password refused: too many attempts"),
        "e-mail changed": lambda: gettext("E-mail address changed"),
        "user added": lambda: gettext("User added"),
        "role changed": lambda: gettext("Role changed"),
        "user disabled": lambda: gettext("User disabled"),
        "user enabled": lambda: gettext("User enabled"),
        "view as started": lambda: gettext("Started viewing as this user"),
        "view as ended": lambda: gettext("Stopped viewing as this user"),
    }
)
ROLES: Mapping[str, str] = Table(
    {
        "client": lambda: gettext("Client"),
        "staff": lambda: gettext("Staff"),
        "admin": lambda: gettext("Administrator"),
    }
)


# What a role means, for the administrator who chooses it
ROLE_MEANINGS: Mapping[str, str] = Table(
    {
        "client": lambda: gettext("Sees the services and domains of one client."),
        "staff": lambda: gettext("Sees everything and writes notes. Changes nothing else."),
        "admin": lambda: gettext("Sees and changes everything."),
    }
)


def security_event_text(event: str, parameters: Mapping[str, str]) -> str:
    """A security event in words: "Role changed from Client to Administrator"; one that is not
    known, by its code."""
    words = SECURITY_EVENTS.get(event, event)
    before, role = (ROLES.get(parameters.get(name, "")) for name in ("before", "role"))
    if before and role:
        return gettext("{event} from {before} to {role}", event=words, before=before, role=role)
    return gettext("{event} as {role}", event=words, role=role) if role else words


class PasswordFault(Enum):
    """Why a password is refused."""

    SHORT = "short"
    BLANK = "blank"
    PATTERN = "pattern"
    OWN = "own"
    COMMON = "common"


# What to do about it
PASSWORD_FAULTS: Mapping[PasswordFault, str] = Table(
    {
        PasswordFault.SHORT: lambda: gettext("Use at least 12 characters."),
        PasswordFault.BLANK: lambda: gettext(
            "A password needs letters or digits, not only spaces."
        ),
        PasswordFault.PATTERN: lambda: gettext(
            "This repeats itself or follows a row of keys. Choose a few words that do not belong"
            " together."
        ),
        PasswordFault.OWN: lambda: gettext(
            "This is mostly your name, your e-mail address or the name of this site. Choose other"
            " words."
        ),
        PasswordFault.COMMON: lambda: gettext(
            "This is easy to guess. Choose a few words that do not belong together."
        ),
    }
)
