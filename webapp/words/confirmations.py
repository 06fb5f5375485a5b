"""What a page says once a change is made."""

from __future__ import annotations

from webapp.words.translation import gettext, ngettext


def added(name: str) -> str:
    """A new client, service or domain."""
    return gettext("{name} was added.", name=name)


def saved(name: str) -> str:
    """A change of one."""
    return gettext("{name} was saved.", name=name)


def deleted(name: str) -> str:
    """The end of one."""
    return gettext("{name} was deleted.", name=name)


def moved(name: str, client: str) -> str:
    """Another client has it."""
    return gettext("{name} now belongs to {client}.", name=name, client=client)


def many_moved(moved: int, left: int, client: str) -> str:
    """Many items moved at once. The others are this client's already, or would be duplicates."""
    told = ngettext(
        "{count:,} item moved to {client}.",
        "{count:,} items moved to {client}.",
        moved,
        client=client,
    )
    return _with_unchanged(told, left)


def many_changed(changed: int, left: int) -> str:
    """The status or the tags of many items changed at once. The others stay as they were."""
    told = ngettext("{count:,} item changed.", "{count:,} items changed.", changed)
    return _with_unchanged(told, left)


def many_deleted(count: int) -> str:
    """Many items deleted at once."""
    return ngettext("{count:,} item deleted.", "{count:,} items deleted.", count)


def _with_unchanged(told: str, left: int) -> str:
    if not left:
        return told
    unchanged = ngettext("{count:,} item unchanged.", "{count:,} items unchanged.", left)
    return f"{told} {unchanged}"


def calendar_link_revoked() -> str:
    """The end of the link of a user's calendar."""
    return gettext("The calendar link no longer works.")


def stays_grey(refusal: str) -> str:
    """An item whose host name cannot be checked, and why."""
    return gettext("Its padlock stays grey. {refusal}", refusal=refusal)


def note_saved() -> str:
    """What the provider's people wrote down about an item, and the tags they gave it."""
    return gettext("Note and tags saved.")


def user_added(name: str) -> str:
    """A new user has no password yet."""
    return gettext("{name} was added. Send them a link to set a password.", name=name)


def user_enabled(name: str) -> str:
    """A user is let in again."""
    return gettext("{name} can sign in again.", name=name)


def user_disabled(name: str) -> str:
    """A user is kept out."""
    return gettext("{name} was disabled.", name=name)


def user_signed_out(name: str) -> str:
    """Every sign-in of a user has ended."""
    return gettext("{name} was signed out in every browser.", name=name)


def this_is_you() -> str:
    """Administrators change their own account elsewhere."""
    return gettext("This is you: change your own account here.")


def profile_saved() -> str:
    """One's own name and address."""
    return gettext("Profile saved.")


def password_changed() -> str:
    """One's own password."""
    return gettext("Your password was changed. Every other browser was signed out.")


def password_set() -> str:
    """The same by a link from a mail."""
    return gettext("Your password was changed. Sign in with the new one.")


def signed_out_everywhere() -> str:
    """This browser too."""
    return gettext("You were signed out in every browser.")


def signed_out_elsewhere() -> str:
    """All but this one."""
    return gettext("You were signed out in every other browser.")


def browser_signed_out() -> str:
    """One of them."""
    return gettext("That browser was signed out.")


def view_saved(name: str) -> str:
    """A view of the report."""
    return gettext("View “{name}” saved.", name=name)


def view_deleted(name: str) -> str:
    """The end of one."""
    return gettext("View “{name}” deleted.", name=name)


def settings_saved() -> str:
    """Other processes look every few seconds."""
    return gettext("Settings saved. They take effect everywhere within a minute.")


def nothing_to_refresh() -> str:
    """No host name is in use."""
    return gettext("Nothing to refresh: no active service or domain has a host name.")
