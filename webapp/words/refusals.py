"""Why a change was refused, in words for the user who wanted it."""

from __future__ import annotations

from collections.abc import Mapping

from webapp import probe
from webapp.words.translation import Table, gettext


def changed_meanwhile() -> str:
    """Another user was faster."""
    return gettext("Another user has changed this. Nothing was saved.")


def client_reference_taken() -> str:
    """A reference belongs to one client."""
    return gettext("Another client already has this reference.")


def item_taken(kind: str) -> str:
    """What there may be only once of a service or domain."""
    if kind == "service":
        return gettext("Another service already has this reference.")
    return gettext("This client already has this domain.")


def theirs_already() -> str:
    """A move to the client that has it."""
    return gettext("It already belongs to this client.")


def which_client() -> str:
    """No client was named."""
    return gettext("Enter the client’s name or reference.")


def no_such_client() -> str:
    """None has this name."""
    return gettext("No client has this name or reference.")


def no_such_client_yet(tick: str) -> str:
    """The same in a form that can add one."""
    return gettext("No client has this name or reference. Tick “{tick}” to add one.", tick=tick)


def several_clients() -> str:
    """More than one has it."""
    return gettext(
        "Several clients have this name: enter the reference, or # and the client’s number."
    )


def email_taken() -> str:
    """For administrators: others are not told which addresses there are."""
    return gettext("Another user already has this address.")


def email_unusable() -> str:
    """The same for everyone else."""
    return gettext("This address cannot be used. Choose another one.")


def password_for_email() -> str:
    """Another e-mail address takes the password."""
    return gettext("To change the e-mail address, enter your current password.")


def own_role() -> str:
    """An administrator would lock themselves out."""
    return gettext("You cannot change your own role. Ask another administrator.")


def own_account() -> str:
    """The same by disabling."""
    return gettext("You cannot disable yourself. Ask another administrator.")


def last_admin() -> str:
    """No one could manage the site."""
    return gettext("This is the last administrator. Make another user an administrator first.")


def no_site_to_view() -> str:
    """Only a client's user has a site to look at."""
    return gettext("You can only view the site as an active user of a client.")


def view_name(most: int) -> str:
    """A saved view needs a name of so many characters at most."""
    return gettext("Give the view a name of at most {most} characters.", most=most)


def view_too_long() -> str:
    """The address of a saved view is stored."""
    return gettext("These filters are too long to save: shorten the search.")


def too_many_views(count: int) -> str:
    """A user has so many saved views and no more."""
    return gettext("You already have {count} saved views. Delete one first.", count=count)


def nothing_selected() -> str:
    """An action was asked for without a selected row."""
    return gettext("Select at least one row.")


def too_many_selected(most: int) -> str:
    """More rows than one request changes."""
    return gettext("At most {most:,} items can be changed at once. Add a filter.", most=most)


def selection_changed() -> str:
    """The selection is not the one that the administrator confirmed."""
    return gettext("The selection has changed. Nothing was done. Check it again.")


def no_status_chosen() -> str:
    """A change of status to none."""
    return gettext("Choose at least one new status.")


def expires_too_early() -> str:
    """A domain's dates are the wrong way round."""
    return gettext("“Registered until” cannot be before “Registered”.")


def no_names() -> str:
    """Nothing was pasted."""
    return gettext("Paste at least one name, such as example.com.")


def no_file() -> str:
    """An import without a file."""
    return gettext("Choose a file first.")


# --- what a field of a form asks for ---


def too_long(most: int) -> str:
    """More characters than are stored."""
    return gettext("Use at most {most:,} characters.", most=most)


def tag_too_long(beginning: str, most: int) -> str:
    """One tag among others in a field."""
    return gettext(
        "The tag “{beginning}…” is too long: use at most {most} characters.",
        beginning=probe.clean(beginning),
        most=most,
    )


def odd_tag(name: str) -> str:
    """A tag with other characters than it may have."""
    return gettext(
        "“{name}” cannot be a tag. Use only letters, digits, spaces and - _ . and separate tags by"
        " commas.",
        name=probe.clean(name),
    )


def too_many_tags(count: int, most: int) -> str:
    """More tags than one client, service or domain can have."""
    return gettext("You entered {count} tags. Use at most {most}.", count=count, most=most)


def no_tags_named() -> str:
    """A change of the tags of many items by none."""
    return gettext("Enter at least one tag.")


def name_missing() -> str:
    """A client or user without a name."""
    return gettext("Enter a name.")


def email_missing() -> str:
    """A user without an address."""
    return gettext("Enter an e-mail address.")


def not_the_name() -> str:
    """A client is deleted only after its name was typed."""
    return gettext("This is not the client’s name. Nothing was deleted.")


def not_an_email() -> str:
    """Another text in its place."""
    return gettext("This is not an e-mail address.")


def wrong_password() -> str:
    """The current password is asked for before it is changed."""
    return gettext("This is not your current password.")


def product_missing() -> str:
    """A service without a product."""
    return gettext("Enter the product.")


def domain_missing() -> str:
    """A domain without its name."""
    return gettext("Enter the domain, such as example.com")


def not_a_day() -> str:
    """Another text where a date may stand."""
    return gettext("Enter a date such as 2026-11-23, or leave this empty.")


def not_an_address() -> str:
    """Another text where an IP address may stand."""
    return gettext("Enter an IP address such as 192.0.2.10 or 2001:db8::10, or leave this empty.")


def sample() -> str:
    """In the styleguide."""
    return gettext("Please fill this in.")


def not_in_list() -> str:
    """One value that the list doesn't have."""
    return gettext("Choose a value from the list.")


def not_all_in_list() -> str:
    """Several values, of which the list doesn't have some."""
    return gettext("Choose only values from the list.")


def not_whole() -> str:
    """Not a whole number."""
    return gettext("Enter a whole number, such as 30.")


# In place of WTForms' own messages: all that the fields we use can give. Checks bring their own.
WTFORMS_MESSAGES: Mapping[str, str] = Table(
    {
        "Not a valid choice.": not_in_list,
        "Invalid Choice: could not coerce.": not_in_list,
        "'%(value)s' is not a valid choice for this field.": not_all_in_list,
        "'%(value)s' are not valid choices for this field.": not_all_in_list,
        "Invalid choice(s): one or more data inputs could not be coerced.": not_all_in_list,
        "Not a valid integer value.": not_whole,
    }
)
