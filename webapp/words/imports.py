"""What is wrong with a file that is imported, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from webapp import probe
from webapp.words.translation import Table, gettext, ngettext

# --- the file as a whole ---


# What a file is, in “This file is …, not a CSV file.”
FORMAT_NAMES: Mapping[str, str] = Table(
    {
        "spreadsheet or zip": lambda: gettext("a spreadsheet or a ZIP archive"),
        "empty zip": lambda: gettext("an empty ZIP archive"),
        "part of a zip": lambda: gettext("part of a ZIP archive"),
        "rar": lambda: gettext("a RAR archive"),
        "7-zip": lambda: gettext("a 7-Zip archive"),
        "gzip": lambda: gettext("compressed (gzip)"),
        "bzip2": lambda: gettext("compressed (bzip2)"),
        "xz": lambda: gettext("compressed (xz)"),
        "zstandard": lambda: gettext("compressed (Zstandard)"),
        "pdf": lambda: gettext("a PDF"),
        "png": lambda: gettext("a picture (PNG)"),
        "jpeg": lambda: gettext("a picture (JPEG)"),
        "gif": lambda: gettext("a picture (GIF)"),
        "sqlite": lambda: gettext("an SQLite database"),
        "old excel": lambda: gettext("an old Excel workbook"),
        "rtf": lambda: gettext("a text document (RTF)"),
        "json": lambda: gettext("JSON"),
        "html": lambda: gettext("a web page (HTML)"),
        "xml": lambda: gettext("XML"),
        "yaml": lambda: gettext("YAML"),
        "pem": lambda: gettext("a certificate or key (PEM)"),
        "sql": lambda: gettext("SQL"),
    }
)


def other_text(file_format: str) -> str:
    """A text of another format, such as JSON."""
    return gettext(
        "This file is {format}, not a CSV file. Save it as CSV.", format=FORMAT_NAMES[file_format]
    )


def other_file(file_format: str) -> str:
    """No text at all, such as a spreadsheet."""
    return gettext(
        "This file is {format}, not a CSV file. Open it and save it as CSV (“CSV UTF-8” in Excel).",
        format=FORMAT_NAMES[file_format],
    )


def not_plain_text() -> str:
    """NUL bytes where the columns are named."""
    return gettext(
        "This is not plain text: there are NUL bytes in its first line. Save it as “CSV UTF-8”."
    )


def not_as_marked(encoding: str) -> str:
    """Bytes that the encoding does not have which the file says it is in."""
    return gettext(
        "The file is marked as {encoding} but contains bytes that are not. Save it as “CSV UTF-8”"
        " again.",
        encoding=encoding,
    )


def not_in_encoding(encoding: str) -> str:
    """Bytes that the encoding does not have which a person has chosen."""
    return gettext(
        "The file is not in {encoding}: some of its bytes are not valid in it. Choose another"
        " encoding.",
        encoding=encoding,
    )


def encoding_guessed(name: str) -> str:
    """A note: the guess of an encoding may be wrong."""
    return gettext(
        "The file is not UTF-8. It was read as {encoding}, which is a guess: check the names with"
        " accents. If they are wrong, choose another encoding.",
        encoding=ENCODINGS.get(name, name),
    )


def title_not_read(text: str) -> str:
    """A note: what stands above the headings."""
    return gettext("Skipped above the headings: “{text}”.", text=probe.clean(text, 60))


def footer_not_read(line: int, text: str) -> str:
    """A note: what stands below the last row."""
    return gettext(
        "Skipped line {line:,} at the end, because it is not a row: “{text}”.",
        line=line,
        text=probe.clean(text, 60),
    )


def dates_read(order: str) -> str:
    """A note: which order of day and month fits all dates."""
    if order == "day first":
        return gettext("Dates are read with the day first: nothing else works for all rows.")
    return gettext("Dates are read with the month first: nothing else works for all rows.")


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


def empty_file() -> str:
    """No line with anything in it."""
    return gettext("The file is empty. Choose a file with a heading line and rows.")


def not_read(columns: Sequence[str], source: str) -> str:
    """A note: columns of other names are passed over."""
    if source:
        return gettext("Columns that are not needed: {columns}.", columns=_few(columns))
    return gettext("Columns that are not imported: {columns}.", columns=_few(columns))


def no_heading() -> str:
    """What a column without a heading is called in a list of columns."""
    return gettext("a column without a name")


def column_number(number: int) -> str:
    """What a column is called in a file without headings."""
    return gettext("Column {number}", number=number)


def unreadable_header() -> str:
    """A first line that is no line of a CSV file."""
    return gettext("The first line cannot be read. Save the file as “CSV UTF-8” again.")


def wrong_columns(missing: Sequence[str], repeated: Sequence[str], known: Sequence[str]) -> str:
    """Columns that the first line does not name, or more than once."""
    told = []
    if missing:
        told.append(gettext("Some columns are missing: {columns}.", columns=_few(missing)))
    if repeated:
        told.append(gettext("Some columns appear twice: {columns}.", columns=_few(repeated)))
    return " ".join([*told, _known(known)])


def no_such_column(ours: str, theirs: str, headings: Sequence[str], known: Sequence[str]) -> str:
    """A mapping that a person wrote names a column that is not there."""
    return gettext(
        "The mapping reads {ours} from “{theirs}”, but one of them does not exist. The file has:"
        " {headings}. {known}",
        ours=probe.clean(ours, 40),
        theirs=probe.clean(theirs, 40),
        headings=_few(headings),
        known=_known(known),
    )


def ask_dates(example: str, day_first: int, month_first: int) -> str:
    """Dates that are two days each."""
    if day_first or month_first:
        return gettext(
            "Some dates only work with the day first ({day_first:,}), others only with the month"
            " first ({month_first:,}). Choose how to read dates such as {example}. Rows that do"
            " not match are skipped.",
            day_first=day_first,
            month_first=month_first,
            example=example,
        )
    return gettext(
        "Dates such as {example} can be read with the day or the month first. Choose one.",
        example=example,
    )


def too_many_columns(count: int, most: int) -> str:
    """More columns than a spreadsheet has."""
    return gettext(
        "The first line has {count:,} columns, but at most {most:,} can be read. Remove the"
        " others.",
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


ENCODINGS: Mapping[str, str] = Table(
    {
        "utf-8": lambda: gettext("UTF-8 (all languages)"),
        "utf-8-sig": lambda: gettext("UTF-8 (all languages)"),
        "utf-16": lambda: gettext("UTF-16 (all languages)"),
        "utf-16-le": lambda: gettext("UTF-16 (all languages)"),
        "utf-16-be": lambda: gettext("UTF-16 (all languages)"),
        "cp1252": lambda: gettext("Windows-1252 (Western European)"),
        "latin-1": lambda: gettext("ISO-8859-1 (Western European)"),
        "cp1250": lambda: gettext("Windows-1250 (Central European)"),
        "cp1251": lambda: gettext("Windows-1251 (Cyrillic)"),
        "cp1253": lambda: gettext("Windows-1253 (Greek)"),
        "cp1254": lambda: gettext("Windows-1254 (Turkish)"),
        "cp1255": lambda: gettext("Windows-1255 (Hebrew)"),
        "cp1256": lambda: gettext("Windows-1256 (Arabic)"),
        "koi8-r": lambda: gettext("KOI8-R (Cyrillic)"),
        "cp866": lambda: gettext("DOS 866 (Cyrillic)"),
        "mac-roman": lambda: gettext("Mac Roman (Western European)"),
        "gb18030": lambda: gettext("GB 18030 (Chinese)"),
        "big5": lambda: gettext("Big5 (Chinese)"),
        "shift_jis": lambda: gettext("Shift JIS (Japanese)"),
        "euc-kr": lambda: gettext("EUC-KR (Korean)"),
    }
)
SOURCES: Mapping[str, str] = Table(
    {
        "padlock_clients": lambda: gettext("Padlock’s list of clients"),
        "padlock_services": lambda: gettext("Padlock’s list of services"),
        "padlock_domains": lambda: gettext("Padlock’s list of domains"),
        "whmcs_services": lambda: gettext("WHMCS services report"),
        "whmcs_domains": lambda: gettext("WHMCS domains report"),
        "whmcs_clients": lambda: gettext("WHMCS clients report"),
        "fossbilling_orders": lambda: gettext("FOSSBilling orders"),
        "fossbilling_clients": lambda: gettext("FOSSBilling clients"),
        "cpanel": lambda: gettext("cPanel account list"),
        "plesk": lambda: gettext("Plesk account list"),
    }
)
# What each of our columns holds: its name in a form, and a hint
COLUMN_LABELS: Mapping[str, tuple[str, str]] = Table(
    {
        "kind": lambda: (gettext("Kind"), gettext("client, service or domain")),
        "client": lambda: (gettext("Client ID"), gettext("Your own ID, to match the client")),
        "client_name": lambda: (gettext("Client name"), gettext("A person or a company")),
        "reference": lambda: (gettext("Service ID"), gettext("Your own ID, to match the service")),
        "product": lambda: (gettext("Product"), gettext("What the client bought")),
        "domain": lambda: (gettext("Domain name"), gettext("The name to check")),
        "status": lambda: (gettext("Status"), gettext("“Active” if there is no column for it")),
        "next_due": lambda: (gettext("Next due date"), gettext("Of a service")),
        "registered": lambda: (gettext("Registered on"), gettext("Of a domain")),
        "expires": lambda: (gettext("Registered until"), gettext("Of a domain")),
        "server": lambda: (gettext("Server IP address"), gettext("Of a service")),
        "who_renews": lambda: (
            gettext("Who renews the certificate"),
            gettext("provider, client or automatic"),
        ),
        "tags": lambda: (gettext("Tags"), gettext("Separated by commas")),
        "contact_email": lambda: (gettext("Contact e-mail"), gettext("Of a client")),
        "note": lambda: (gettext("Note"), gettext("Clients don’t see it")),
    }
)


def still_missing(missing: Sequence[str]) -> str:
    """What a person has not said yet of how a file is read."""
    told = {
        "kind": gettext("Choose one kind for all rows, or the column that contains it."),
        "client": gettext("Choose a client, or the column that names it."),
        "domain": gettext("Choose the column with the domain names."),
    }
    return " ".join(told[name] for name in missing)


def pasted_names(count: int) -> str:
    """What an import of pasted names is called, where a file has its name."""
    return ngettext("{count:,} pasted name", "{count:,} pasted names", count)


def usual_product() -> str:
    """The product of services of which a file does not say it."""
    return gettext("Hosting")


# --- a line ---


def inside_quote(line: int) -> str:
    """A line that an open quote has made a part of another."""
    return gettext(
        "This line was read as part of line {line:,}, where a quote is opened and never closed.",
        line=line,
    )


def open_quote() -> str:
    """A quote that goes on to the end of the file."""
    return gettext("A quote is opened here and never closed.")


def long_cell() -> str:
    """A cell beyond the limit of Python's csv module."""
    return gettext(
        "A cell has more than 131,072 characters. Usually a quote is opened and never closed."
    )


def unreadable_line() -> str:
    """Any other error of Python's csv module."""
    return gettext("This line can’t be read as CSV. Look at its quotes.")


def stray_quote() -> str:
    """A single quote where two are needed."""
    return gettext("There is a quote inside a quoted cell. Write it twice.")


def long_line(most: int) -> str:
    """A line that is no line of a table."""
    return gettext("The line is longer than {most:,} characters.", most=most)


# What separates cells, in “A cell with a … in it needs quotes.”
DELIMITER_NAMES: Mapping[str, str] = Table(
    {
        ",": lambda: gettext("comma"),
        ";": lambda: gettext("semicolon"),
        "\t": lambda: gettext("tab"),
        "|": lambda: gettext("vertical bar"),
    }
)


def cell_count(cells: int, columns: int, delimiter: str) -> str:
    """Another number of cells than of columns."""
    return ngettext(
        "There is {count:,} cell here, but {columns}. "
        "A cell with a {delimiter} in it needs quotes.",
        "There are {count:,} cells here, but {columns}. "
        "A cell with a {delimiter} in it needs quotes.",
        cells,
        columns=ngettext("{count} column", "{count} columns", columns),
        delimiter=DELIMITER_NAMES[delimiter],
    )


# --- a cell ---


def nul_byte() -> str:
    """A character that the database does not take."""
    return gettext("It contains a NUL byte, which is not text.")


def empty() -> str:
    """Nothing where something is needed."""
    return gettext("It is empty.")


def too_long(length: int, most: int) -> str:
    """More characters than are stored."""
    return ngettext(
        "It has {count:,} character; at most {most:,} are allowed.",
        "It has {count:,} characters; at most {most:,} are allowed.",
        length,
        most=most,
    )


def invisible() -> str:
    """Characters that no one could type again."""
    return gettext("It contains invisible characters.")


def none_of(text: str, words: Sequence[str]) -> str:
    """A word that is not in a list."""
    return gettext("{text} is not one of: {words}.", text=text, words=", ".join(words))


def no_such_day(text: str) -> str:
    """The 30th of February."""
    return gettext("The date {text} does not exist.", text=text)


def no_date(text: str) -> str:
    """Something else where a date is needed."""
    return gettext("{text} is not a date: write 2026-11-23 or 23.11.2026.", text=text)


def two_days(text: str) -> str:
    """A date of which no one has said whether the month or the day is first."""
    return gettext(
        "{text} is ambiguous: choose whether the day or the month comes first.", text=text
    )


def unsure_of_name(text: str, encoding: str) -> str:
    """A host name that is another one in another encoding."""
    return gettext(
        "{text} is read as {encoding}, which is a guess. Choose the encoding, so that the right"
        " name is checked.",
        text=text,
        encoding=ENCODINGS.get(encoding, encoding),
    )


def no_host_name(text: str, refusal: str) -> str:
    """A pasted text that cannot be checked."""
    return gettext("{text} is not imported: {refusal}", text=text, refusal=refusal)


def several_clients() -> str:
    """A name that more than one client has."""
    return gettext(
        "Several clients have this name. Add a column with the client’s ID, or rename one of them."
    )


def no_address(text: str) -> str:
    """A host name where an address is needed."""
    return gettext("{text} is not an IP address: write 192.0.2.10 or 2001:db8::10.", text=text)


def no_email(text: str) -> str:
    """Something else where an e-mail address is needed."""
    return gettext("{text} is not an e-mail address.", text=text)


def not_checkable(text: str, refusal: str) -> str:
    """A note: what is no host name is imported all the same."""
    return gettext(
        "{text} is imported, but cannot be checked: {refusal}", text=text, refusal=refusal
    )


def no_client() -> str:
    """A row of a client that is neither stored nor in the file."""
    return gettext(
        "There is no client with this reference. Import your clients first, or add this one."
    )


def no_client_at_source() -> str:
    """A row of a billing system whose client it does not have, or which could not be imported."""
    return gettext("Its client is unknown: the billing system has no usable client with this ID.")


def repeated(last_line: int) -> str:
    """A note: the same item is on a later line, which is imported instead."""
    return gettext("Line {line:,} has the same item. Only that line is imported.", line=last_line)


def moved(owner: str) -> str:
    """A note: another client has this service by now."""
    return gettext("It belongs to {owner}. Importing moves it.", owner=owner)


# --- an import through the browser ---


def import_rows(count: int) -> str:
    """The button that imports the rows without a problem."""
    return ngettext("Import {count:,} row", "Import {count:,} rows", count)


def download_rows(count: int) -> str:
    """The link to the rows that have a problem."""
    return ngettext("Download the row", "Download the {count:,} rows", count)


def rows_with_problems(bad: int, good: int) -> str:
    """That some rows cannot be imported, and what can be done."""
    told = ngettext(
        "{count:,} row has a problem and is not imported.",
        "{count:,} rows have a problem and are not imported.",
        bad,
    )
    if good:
        rest = ngettext("Import the other row now.", "Import the other {count:,} rows now.", good)
        told = f"{told} {rest}"
    rest = ngettext(
        "Fix the row with the problem in a file, and import that file afterwards.",
        "Fix the rows with problems in a file, and import that file afterwards.",
        bad,
    )
    return f"{told} {rest}"


def rows_left_out(count: int) -> str:
    """That some rows were not imported."""
    return ngettext(
        "{count:,} row was not imported. Fix it in the file, then import that file.",
        "{count:,} rows were not imported. Fix them in the file, then import that file.",
        count,
    )


def check_all(count: int) -> str:
    """The button that asks all names which were never asked."""
    return ngettext("Check {count:,} name now", "Check all {count:,} now", count)


DOING: Mapping[str, str] = Table(
    {
        "waiting": lambda: gettext("Queued"),
        "reading": lambda: gettext("Reading the file"),
        "comparing": lambda: gettext("Comparing"),
        "writing": lambda: gettext("Writing"),
        "listing": lambda: gettext("Updating lists"),
        "stopping": lambda: gettext("Stopping"),
        "interrupted": lambda: gettext(
            "Interrupted. It continues automatically within two minutes."
        ),
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
        "Nothing was imported. The error is on our side and was logged. Please try again later."
    )


def stopped() -> str:
    """By the button."""
    return gettext("You stopped the import. Nothing was imported.")


def ended() -> str:
    """By an administrator, in System health."""
    return gettext("An administrator ended this job. Nothing was imported.")


def too_late() -> str:
    """No process could do it in time."""
    return gettext("The import could not run within an hour. Nothing was imported.")


def no_admin() -> str:
    """The user lost the role, or was disabled, after the file was checked."""
    return gettext("You are no longer an administrator. Nothing was imported.")
