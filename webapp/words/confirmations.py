"""What a page says once a change is made."""

from __future__ import annotations

from webapp.words.translation import gettext, ngettext


def added(name: str) -> str:
    """A new client, service or domain."""
    return gettext("{name} is added.", name=name)


def saved(name: str) -> str:
    """A change of one."""
    return gettext("{name} is saved.", name=name)


def deleted(name: str) -> str:
    """The end of one."""
    return gettext("{name} is deleted.", name=name)


def moved(name: str, client: str) -> str:
    """Another client has it."""
    return gettext("{name} belongs to {client} now.", name=name, client=client)


def many_moved(moved: int, left: int, client: str) -> str:
    """The same of many at once; the others are this client's already, or would be twice."""
    told = ngettext(
        "{count:,} item belongs to {client} now.",
        "{count:,} items belong to {client} now.",
        moved,
        client=client,
    )
    if not left:
        return told
    stay = ngettext("{count:,} stays as it is.", "{count:,} stay as they are.", left)
    return f"{told} {stay}"


def many_changed(changed: int, left: int) -> str:
    """A new status of many at once; the others have it already."""
    told = ngettext("{count:,} item is changed.", "{count:,} items are changed.", changed)
    if not left:
        return told
    stay = ngettext("{count:,} stays as it is.", "{count:,} stay as they are.", left)
    return f"{told} {stay}"


def many_deleted(count: int) -> str:
    """The end of many at once."""
    return ngettext("{count:,} item is deleted.", "{count:,} items are deleted.", count)


def stays_grey(refusal: str) -> str:
    """An item whose host name cannot be checked, and why."""
    return gettext("Its padlock stays grey. {refusal}", refusal=refusal)


def user_added(name: str) -> str:
    """A new user has no password yet."""
    return gettext(
        "{name} is added. Hand out a link, so that they can choose a password.", name=name
    )


def user_enabled(name: str) -> str:
    """A user is let in again."""
    return gettext("{name} can sign in again.", name=name)


def user_disabled(name: str) -> str:
    """A user is kept out."""
    return gettext("{name} is disabled.", name=name)


def user_signed_out(name: str) -> str:
    """Every sign-in of a user has ended."""
    return gettext("{name} is signed out in every browser.", name=name)


def this_is_you() -> str:
    """Administrators change their own account elsewhere."""
    return gettext("This is you: change your own account here.")


def profile_saved() -> str:
    """One's own name and address."""
    return gettext("Your profile is saved.")


def password_changed() -> str:
    """One's own password."""
    return gettext("Your password is changed. Every other browser is signed out.")


def password_set() -> str:
    """The same by a link from a mail."""
    return gettext("Your new password is set. Sign in with it.")


def signed_out_everywhere() -> str:
    """This browser too."""
    return gettext("You are signed out in every browser.")


def signed_out_elsewhere() -> str:
    """All but this one."""
    return gettext("You are signed out in every other browser.")


def browser_signed_out() -> str:
    """One of them."""
    return gettext("That browser is signed out.")


def view_saved(name: str) -> str:
    """A view of the report."""
    return gettext("The view “{name}” is saved.", name=name)


def view_deleted(name: str) -> str:
    """The end of one."""
    return gettext("The view “{name}” is deleted.", name=name)


def settings_saved() -> str:
    """Other processes look every few seconds."""
    return gettext("Saved. The whole site uses it within a minute.")


def nothing_to_refresh() -> str:
    """No host name is in use."""
    return gettext("No active service or domain has a host name: there is nothing to refresh.")
