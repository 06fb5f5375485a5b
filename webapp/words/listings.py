"""What is said of the rows that lists are sorted by."""

from __future__ import annotations

from webapp.words.translation import gettext, ngettext

REBUILD = "flask listing rebuild"


def drift_text(count: int) -> str:
    """What a comparison of all rows with what they copy, and of the numbers that clients have, has
    found."""
    if not count:
        return gettext("All list entries are correct.")
    return ngettext(
        "{count:,} list entry does not match its source. Run `{command}`.",
        "{count:,} list entries do not match their sources. Run `{command}`.",
        count,
        command=REBUILD,
    )


def rebuilt() -> str:
    return gettext("All list entries were rebuilt.")


def search_index_flawed() -> str:
    return gettext(
        "Part of the search index is missing. Run `{command}` at a quiet time.", command=REBUILD
    )


def no_search_index() -> str:
    return gettext("There is no search index. System health says what to do.")
