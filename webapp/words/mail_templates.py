"""The texts of mails that administrators edit: what pages say of them and of their mistakes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from webapp.words.translation import Table, gettext

AUDIENCES: Mapping[str, str] = Table(
    {
        "staff": lambda: gettext("Mails to staff"),
        "clients": lambda: gettext("Mails to clients"),
    }
)
# What a preview shows
SAMPLES: Mapping[str, str] = Table(
    {
        "problems": lambda: gettext("Several problems"),
        "one": lambda: gettext("One certificate that expires soon"),
        "reminder": lambda: gettext("A reminder"),
        "incident": lambda: gettext("An incident"),
        "solved": lambda: gettext("Valid again"),
    }
)
# `client` is in mails to clients
VARIABLES: Mapping[str, str] = Table(
    {
        "names": lambda: gettext("the list of names, each with what is wrong and a link"),
        "summary": lambda: gettext("what happened, in one sentence"),
        "count": lambda: gettext("how many names the mail is about"),
        "user": lambda: gettext("the name of the user who gets the mail"),
        "client": lambda: gettext("the name of the client"),
        "site": lambda: gettext("the name of this site"),
        "link": lambda: gettext("the address of this site"),
        "reminder": lambda: gettext("true if the mail is a reminder"),
        "incident": lambda: gettext("true if the names probably have the same cause"),
        "solved": lambda: gettext("true if all of the names are valid again"),
    }
)
# Of one of the names, in a loop; `client` is for staff
OF_A_NAME: Mapping[str, str] = Table(
    {
        "name": lambda: gettext("the host name"),
        "client": lambda: gettext("the name of its client"),
        "problem": lambda: gettext("what happened to it, in a few words"),
        "details": lambda: gettext("what is wrong, and what to do"),
        "days": lambda: gettext("days until the certificate expires; none if that is not known"),
        "link": lambda: gettext("the address of its page"),
    }
)


def sample_user() -> str:
    return gettext("Alice Baker")


def sample_staff() -> str:
    return gettext("Sam Staff")


def sample_client() -> str:
    return gettext("Alice’s Bakery")


def saved(audience: str) -> str:
    return gettext("{texts}: the new text was saved. It applies from now on.", texts=audience)


def restored(audience: str) -> str:
    return gettext("{texts}: the default text applies again.", texts=audience)


def subject_missing() -> str:
    return gettext("Enter a subject.")


def body_missing() -> str:
    return gettext("Enter a text.")


# --- What is wrong with a template ---


def names_missing() -> str:
    return gettext(
        "The mail would not say which names it is about. Write {names} where their list belongs.",
        names="{{ names }}",
    )


def nothing_made() -> str:
    return gettext("In at least one case nothing is left of it. Write something for each case.")


def not_read(line: int, problem: str) -> str:
    """`problem` is Jinja's, in English."""
    return gettext("Line {line} can’t be read: {problem}", line=line, problem=_sentence(problem))


def not_filled_in(problem: str) -> str:
    """The same."""
    return gettext("It can’t be filled in: {problem}", problem=_sentence(problem))


def not_possible(line: int) -> str:
    return gettext(
        "Line {line} uses something that isn’t allowed here. Allowed are variables, filters,"
        " {choice}, {loop}, and + and - with numbers.",
        line=line,
        choice="{% if … %}",
        loop="{% for item in names %}",
    )


def loop_too_long(line: int) -> str:
    return gettext(
        "The loop in line {line} isn’t allowed, because it could take too long. Loop over names"
        " only, and use no other loop and no filter for lists inside.",
        line=line,
    )


def too_deep() -> str:
    return gettext(
        "This text has too many parts inside each other, or filters in a row. Simplify it."
    )


def no_such_filter(name: str, known: Iterable[str]) -> str:
    return gettext(
        "There is no filter “{name}”. Use one of these: {known}.",
        name=name,
        known=", ".join(sorted(known)),
    )


def no_such_variable(name: str, known: Iterable[str]) -> str:
    return gettext(
        "There is no variable “{name}”. Use one of these: {known}.",
        name=name,
        known=", ".join(sorted(known)),
    )


def output_too_long(most: int) -> str:
    return gettext("The mail would have more than {most:,} characters. Shorten it.", most=most)


def _sentence(problem: str) -> str:
    return problem if problem.endswith(".") else f"{problem}."


# --- System health ---


def fell_back(audience: str, problem: str) -> str:
    """A stored text failed when a mail was made."""
    return gettext(
        "{texts}: the text of this site failed, so the default was sent. {problem}",
        texts=audience,
        problem=problem,
    )


def correct_the_text() -> str:
    return gettext("Open Warnings, Mail texts, and correct it or restore the default.")
