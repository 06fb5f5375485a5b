"""Background jobs in words: what each is, and why it has not succeeded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from webapp.words import channels, listings
from webapp.words.translation import gettext, ngettext

# By kind
_TITLES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "refresh": lambda: gettext("Refresh"),
        "password reset mail": lambda: gettext("Password reset mail"),
        "import": lambda: gettext("Import through the browser"),
        "source": lambda: gettext("Sync of a source"),
        "alert mail": lambda: gettext("Warning about certificates by mail"),
        "test mail": lambda: gettext("Test mail to an address that was refused"),
        "letter": lambda: gettext("Mail of staff to a client"),
        "channel": lambda: gettext("Warning about certificates to a channel"),
        "diagnosis": lambda: gettext("Diagnosis"),
        "readiness count": lambda: gettext("Counts for the report on shorter lifetimes"),
        "history count": lambda: gettext("Counts of the history, and deletion of its oldest part"),
        "listing rewrite": lambda: gettext("Update lists after a change to a warning rule"),
        "listing sample": lambda: gettext("Nightly spot check of list entries"),
    }
)
# By the code that is stored, see `jobs.models.Job`
_PROBLEMS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "": lambda _: gettext("Waiting for the first try."),
        "unreachable": lambda detail: gettext(
            "The mail server did not accept the connection or the login ({detail}).", detail=detail
        ),
        "bounced": lambda detail: gettext(
            "The mail server refused the address of the recipient with code {detail}.",
            detail=detail,
        ),
        "refused": lambda detail: gettext(
            "The mail server refused this mail with code {detail}.", detail=detail
        ),
        "error": lambda detail: gettext(
            "Padlock failed with {detail}. See the site's log.", detail=detail
        ),
        "drift": lambda detail: listings.drift_text(int(detail)),
        "interrupted": lambda _: gettext(
            "The process that ran it stopped several times before it was done."
        ),
        "no upload": lambda _: gettext(
            "Its uploaded file is not on this host, or was deleted after a day."
            " Upload the file again."
        ),
        "late": lambda _: gettext("It could not run in time."),
    }
)


def job_title(kind: str) -> str:
    """What a job is called; one of a kind that is not known, by its code."""
    kind = kind.partition(":")[0]  # each channel has a kind of its own
    return _TITLES[kind]() if kind in _TITLES else kind


def job_problem(problem: str, detail: str) -> str:
    """Why a job has not succeeded yet, as a sentence."""
    if problem in channels.PROBLEMS:
        return channels.problem_text(problem, detail)
    return _PROBLEMS.get(problem, _PROBLEMS["error"])(detail or problem)


def tried_text(tries: int) -> str:
    """ "Tried once." """
    return ngettext("Tried once.", "Tried {count:,} times.", tries)


def backlog_text(failed: int, late: int) -> str:
    """How many jobs have failed and are late; empty where none is."""
    told = []
    if failed:
        told.append(
            ngettext(
                "{count:,} background job failed.", "{count:,} background jobs failed.", failed
            )
        )
    if late:
        told.append(
            ngettext(
                "{count:,} background job is more than 10 minutes late.",
                "{count:,} background jobs are more than 10 minutes late.",
                late,
            )
        )
    return " ".join(told)


def retried_text() -> str:
    """After *Retry*."""
    return gettext("The job is running now.")


def ended_text() -> str:
    """After *End*."""
    return gettext("Job ended.")


def gone_text() -> str:
    """After a button for a job that is not there any more."""
    return gettext("This job is already done.")
