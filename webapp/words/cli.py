"""What the command line says to operators; the help of commands and options stands with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from webapp.words.counts import counted, import_text
from webapp.words.translation import gettext

# --- flask backup and copy-from ---


def use_pg_dump() -> str:
    return gettext("The database is PostgreSQL: back it up with pg_dump.")


def file_not_made(file: str, problem: str) -> str:
    return gettext("{file} cannot be created: {problem}.", file=file, problem=problem)


def nothing_copied(problem: str) -> str:
    return gettext("Nothing was copied: {problem}.", problem=problem)


def backup_made(file: str) -> str:
    return gettext("The database is in {file}. Keep instance/secret_key with it.", file=file)


def no_file(file: str) -> str:
    return gettext("There is no file {file}.", file=file)


def nothing_copied_from(source: str, problem: str) -> str:
    return gettext("Nothing was copied from {source}: {problem}", source=source, problem=problem)


def other_release() -> str:
    return gettext(
        "The two databases are from different releases. Run `flask db upgrade` on each of them"
        " with this release."
    )


def database_in_use(table: str) -> str:
    return gettext(
        "The database of this site is not empty: there are rows in {table}.", table=table
    )


# --- flask check and diagnose ---


def name_a_host() -> str:
    return gettext("Give a HOST or a file of names, for example: flask check example.com")


def no_names_in_file() -> str:
    return gettext("The file contains no names. Write one name per line; # starts a comment.")


def address_wanted() -> str:
    return gettext("it must be an IP address.")


def what_curl_shows() -> str:
    return gettext("What curl -v shows")


def what_to_send() -> str:
    return gettext("What to send the hosting provider")


# --- flask import ---


def file_wanted() -> str:
    return gettext("FILE must be a regular file, not a pipe: it is read more than once.")


def no_terminal() -> str:
    return gettext("No terminal to ask for confirmation. Use --yes.")


def import_now() -> str:
    return gettext("Import now?")


def not_a_table(problem: str) -> str:
    return gettext("{problem} Nothing was changed.", problem=problem)


def changed_meanwhile() -> str:
    return gettext("Something else was changed at the same time. Nothing was imported.")


def stopped() -> str:
    return gettext("Stopped. Nothing was changed.")


def cannot_be_read(missing: Sequence[str]) -> str:
    told = {
        "kind": gettext("Use --kind to say what the rows are."),
        "client": gettext("Use --client to name their client."),
        "domain": gettext("Use --map to say which column has the domain names."),
    }
    return gettext(
        "Some columns are missing: {columns}. {help}",
        columns=", ".join(missing),
        help=" ".join(told[name] for name in missing),
    )


def say_dates(example: str) -> str:
    return gettext(
        "Dates such as {example} can be read with the day or the month first. Choose one with"
        " --dates. Nothing was changed.",
        example=example,
    )


def bad_map(file: str) -> str:
    return gettext(
        '{file} is not a mapping. Write JSON such as {{"domain": "Domain Name"}}.', file=file
    )


def bad_rows_in(file: str) -> str:
    return gettext(
        "The rows with problems are in {file}. Fix them there, then import that file.", file=file
    )


def has_problems(count: int) -> str:
    return gettext(
        "The file has {problems}. Nothing was changed.", problems=counted("problem", count)
    )


def imported(counts: Mapping[str, Mapping[str, int]]) -> str:
    return gettext("Imported: {counts}.", counts=import_text(counts))


# --- flask refresh and worker ---


def say_which() -> str:
    return gettext("Use only one of --limit, --all and --host.")


def nothing_to_refresh() -> str:
    return gettext("Nothing to refresh: no active service or domain has a host name.")


def not_in_use(host: str) -> str:
    return gettext("{host} is not the host name of any active service or domain.", host=host)


def monitor_offline(what: str) -> str:
    return gettext("The monitor is offline. {what}", what=what)


def not_ended() -> str:
    return gettext("It did not finish. See the log.")


def no_broker() -> str:
    return gettext(
        "There is no broker. Set PADLOCK_BROKER_URL=redis://host:6379/0 for every process of the"
        " site."
    )


# --- flask welcome ---


def listen_taken(listen: str) -> str:
    return gettext(
        "{listen} is already in use. Stop the other program, or set PADLOCK_LISTEN=127.0.0.1:8001",
        listen=listen,
    )


def site_is_at(site: str) -> str:
    return gettext("Padlock is at  {site}", site=site)


def no_user_yet(link: str) -> str:
    return gettext(
        "There is no user yet. Create the first administrator here, within a day:\n\n  {link}",
        link=link,
    )


# --- flask users ---


def only_clients_have_one() -> str:
    return gettext("--client is only for the role client.")


def user_exists(email: str) -> str:
    return gettext("A user {email} already exists.", email=email)


def user_added(email: str, role: str) -> str:
    return gettext("Added {email} as {role}.", email=email, role=role)


def disabled() -> str:
    return gettext("(disabled)")


def no_user(email: str) -> str:
    return gettext("There is no active user {email}.", email=email)


def choose_the_password(link: str) -> str:
    return gettext("Choose the password here, within an hour:\n\n  {link}\n", link=link)


def name_length() -> str:
    return gettext("The name must have 1 to 200 characters.")


def not_an_email(text: str, problem: str) -> str:
    return gettext("{text} is not an e-mail address: {problem}", text=text, problem=problem)


def password() -> str:
    return gettext("Password")


# --- what a progress bar is about ---


def checking() -> str:
    return gettext("Checking")


def refreshing() -> str:
    return gettext("Refreshing")


def writing() -> str:
    return gettext("Writing")


# --- flask tokens ---


def token_name_length(most: int) -> str:
    return gettext("Give the token a name of at most {most} characters.", most=most)


def no_token(token_id: int) -> str:
    return gettext("There is no token {token_id}.", token_id=token_id)


def token_last_used(at: datetime | None, address: str) -> str:
    if at is None:
        return gettext("never used")
    return gettext("last used {at} from {address}", at=f"{at:%Y-%m-%d %H:%M} UTC", address=address)


# --- flask sources ---


def source_added(name: str) -> str:
    return gettext(
        "Source {name} added. See what a sync would change: flask sources sync {name} --preview",
        name=name,
    )


def source_changed(name: str) -> str:
    return gettext("Source {name} changed.", name=name)


def source_removed(name: str) -> str:
    return gettext("Source {name} removed. What came from it stays.", name=name)


def no_such_source() -> str:
    return gettext("there is no such source. See flask sources list.")


def no_sources() -> str:
    return gettext("There are no sources. Add one with flask sources add.")


def source_paused() -> str:
    return gettext("paused")


def source_next(at: datetime | None) -> str:
    if at is None:
        return gettext("waits for its first sync")
    return gettext("next at {at}", at=f"{at:%Y-%m-%d %H:%M} UTC")


def source_never() -> str:
    return gettext("never synced")


def source_last(at: datetime, why_stopped: str) -> str:
    told = f"{at:%Y-%m-%d %H:%M} UTC"
    if why_stopped:
        return gettext("stopped at {at}: {why}", at=told, why=why_stopped)
    return gettext("synced at {at}", at=told)


def no_json_object() -> str:
    return gettext("the file must contain one JSON object.")


def credentials_wanted(needed: Sequence[str], optional: Sequence[str]) -> str:
    if not needed:
        return gettext("the JSON object must be empty: {{}}")
    told = gettext("the JSON object must have these texts: {names}.", names=", ".join(needed))
    if optional:
        more = gettext("It may have {names}.", names=", ".join(optional))
        told = f"{told} {more}"
    return told


def credentials_too_long() -> str:
    return gettext("the credentials are too long.")


def agree_to_gone() -> str:
    return gettext("If they are really gone, agree with --gone-limit 100.")


def sync_stopped(name: str, why: str) -> str:
    return gettext("{name}: stopped, and nothing was written. {why}", name=name, why=why)
