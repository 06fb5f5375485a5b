"""What is wrong with a file that is imported, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from webapp import probe
from webapp.words.translation import Table, gettext, ngettext

# --- the file as a whole ---


def other_text(kind: str) -> str:
    """A text of another format, such as JSON."""
    return gettext(
        "This file is {kind}, not a CSV file. Save it as CSV, and upload that.", kind=kind
    )


def other_file(kind: str) -> str:
    """No text at all, such as a spreadsheet."""
    return gettext(
        "This file is {kind}, not a CSV file. Open it and save it as CSV (“CSV UTF-8” in Excel).",
        kind=kind,
    )


def not_plain_text() -> str:
    """NUL bytes where the columns are named."""
    return gettext(
        "This is not plain text: there are NUL bytes in its first line. Save it as “CSV UTF-8”."
    )


def not_as_marked(encoding: str) -> str:
    """Bytes that the encoding does not have which the file says it is in."""
    return gettext(
        "The file is marked as {encoding} and holds bytes that are not. Save it as “CSV UTF-8”"
        " again.",
        encoding=encoding,
    )


def read_as_windows_1252() -> str:
    """A note: the guess of an encoding may be wrong."""
    return gettext(
        "The file is not UTF-8: it was read as Windows-1252 (Western European). Check names with"
        " accents below, or save the file as “CSV UTF-8”."
    )


def too_many_lines(most: int) -> str:
    """More lines than are read, empty ones included."""
    return gettext(
        "The file has more than {most:,} lines. Split it, and import the parts.", most=most
    )


def too_many_rows(most: int) -> str:
    """More rows than are read."""
    return gettext(
        "The file has more than {most:,} rows. Split it, and import the parts.", most=most
    )


def no_rows() -> str:
    """Only the names of the columns."""
    return gettext("The file has a first line and nothing below it.")


def empty_file(known: Sequence[str]) -> str:
    """No line with anything in it."""
    return gettext("The file is empty. {known}", known=_known(known))


def not_read(columns: Sequence[str], known: Sequence[str]) -> str:
    """A note: columns of other names are passed over."""
    return gettext(
        "Not read, as no column is called that: {columns}. {known}",
        columns=_few(columns),
        known=_known(known),
    )


def unreadable_header(known: Sequence[str]) -> str:
    """A first line that is no line of a CSV file."""
    return gettext("The first line cannot be read. {known}", known=_known(known))


def wrong_columns(missing: Sequence[str], repeated: Sequence[str], known: Sequence[str]) -> str:
    """Columns that the first line does not name, or more than once."""
    told = [gettext("The first line has to name the columns.")]
    if missing:
        told.append(gettext("Missing: {columns}.", columns=_few(missing)))
    if repeated:
        told.append(gettext("More than once: {columns}.", columns=_few(repeated)))
    return " ".join([*told, _known(known)])


def too_many_columns(count: int, most: int) -> str:
    """More columns than a spreadsheet has."""
    return gettext(
        "The first line names {count:,} columns; {most:,} can be read. Leave the others out.",
        count=count,
        most=most,
    )


def _few(names: Sequence[str]) -> str:
    first = ", ".join(probe.clean(name, 40) for name in names[:5])
    if len(names) <= 5:
        return first
    return gettext("{first} and {count:,} more", first=first, count=len(names) - 5)


def _known(columns: Sequence[str]) -> str:
    return gettext("Known columns are: {columns}.", columns=", ".join(columns))


# --- a line ---


def open_quote() -> str:
    """A quote that goes on to the end of the file."""
    return gettext("A quote is opened here and never closed.")


def long_cell() -> str:
    """A cell beyond the limit of Python's csv module."""
    return gettext(
        "A cell holds more than 131,072 characters. Most often a quote is opened and never closed."
    )


def stray_quote() -> str:
    """A single quote where two are needed."""
    return gettext("A quote stands inside a quoted cell: write it twice there.")


def long_line(most: int) -> str:
    """A line that is no line of a table."""
    return gettext("The line is longer than {most:,} characters.", most=most)


def cell_count(cells: int, columns: int, sign: str) -> str:
    """Another number of cells than of columns."""
    return ngettext(
        "There is {count:,} cell here, but {columns}. A cell with a {sign} in it needs quotes.",
        "There are {count:,} cells here, but {columns}. A cell with a {sign} in it needs quotes.",
        cells,
        columns=ngettext("{count} column", "{count} columns", columns),
        sign=sign,
    )


# --- a cell ---


def nul_byte() -> str:
    """A character that the database does not take."""
    return gettext("There is a NUL byte in it, which no text has.")


def empty() -> str:
    """Nothing where something is needed."""
    return gettext("It is empty.")


def too_long(length: int, most: int) -> str:
    """More characters than are stored."""
    return ngettext(
        "It has {count:,} character; there is room for {most}.",
        "It has {count:,} characters; there is room for {most}.",
        length,
        most=most,
    )


def invisible() -> str:
    """Characters that no one could type again."""
    return gettext("It holds invisible characters.")


def none_of(text: str, words: Sequence[str]) -> str:
    """A word that is not in a list."""
    return gettext("{text} is not one of: {words}.", text=text, words=", ".join(words))


def no_such_day(text: str) -> str:
    """The 30th of February."""
    return gettext("There is no such day as {text}.", text=text)


def no_date(text: str) -> str:
    """A date in another order."""
    return gettext("{text} is not a date we read: write 2026-11-23 or 23.11.2026.", text=text)


def no_address(text: str) -> str:
    """A host name where an address is needed."""
    return gettext("{text} is not an IP address: write 192.0.2.10 or 2001:db8::10.", text=text)


def not_checkable(text: str, refusal: str) -> str:
    """A note: what is no host name is imported all the same."""
    return gettext(
        "{text} is imported, but cannot be checked: {refusal}", text=text, refusal=refusal
    )


def no_client() -> str:
    """A row of a client that is neither stored nor in the file."""
    return gettext("There is no client with this reference. Add a row of the kind client for it.")


def moved(owner: str) -> str:
    """A note: another client has this service by now."""
    return gettext("It belongs to {owner} now. Importing moves it.", owner=owner)


# --- an import through the browser ---

DOING: Mapping[str, str] = Table(
    {
        "waiting": lambda: gettext("Waiting for its turn"),
        "reading": lambda: gettext("Reading the file"),
        "comparing": lambda: gettext("Comparing"),
        "writing": lambda: gettext("Writing"),
        "stopping": lambda: gettext("Stopping"),
    }
)


def changed_meanwhile() -> str:
    """What was compared is not as it was."""
    return gettext(
        "Something else was changed at the same time. Nothing was imported: please upload the file"
        " again."
    )


def our_fault() -> str:
    """The log has it."""
    return gettext(
        "Something failed on our side, and nothing was imported. It has been noted; please try"
        " again later."
    )


def stopped() -> str:
    """By the button."""
    return gettext("You stopped the import. Nothing was imported.")


def interrupted() -> str:
    """By the end of the process that worked on it."""
    return gettext(
        "The site was restarted meanwhile. Upload the file again: nothing is duplicated."
    )


def no_admin() -> str:
    """The user lost the role, or was disabled, after the file was checked."""
    return gettext("You are no administrator any more. Nothing was imported.")
