"""What is said of the rows that lists are sorted by."""

from __future__ import annotations

from webapp.words.translation import gettext, ngettext

REBUILD = "flask listing rebuild"


def drift_text(count: int) -> str:
    """What a comparison of all rows with what they copy has found."""
    if not count:
        return gettext("All listing rows are correct.")
    return ngettext(
        "{count:,} listing row does not match its source. Run `{command}`.",
        "{count:,} listing rows do not match their sources. Run `{command}`.",
        count,
        command=REBUILD,
    )


def rebuilt() -> str:
    return gettext("All listing rows were rebuilt.")


def search_index_flawed() -> str:
    return gettext(
        "Part of the search index is missing. Run `{command}` at a quiet time.", command=REBUILD
    )


def no_search_index() -> str:
    return gettext("There is no search index. System health says what to do.")
