"""What each metric says of itself."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.words.translation import Table, gettext

HELP: Mapping[str, str] = Table(
    {
        "padlock_items": lambda: gettext("Services and domains by state and reason."),
        "padlock_issuer_items": lambda: gettext(
            "Active services and domains by the issuer of their certificate: the most frequent"
            " issuers, and all others together."
        ),
        "padlock_ending_items": lambda: gettext(
            "Active services and domains whose certificate expires within this number of days: 0"
            " has expired, and each number includes the smaller ones."
        ),
        "padlock_checks": lambda: gettext("Checks that were recorded, by state."),
        "padlock_check_duration_seconds": lambda: gettext("How long recorded checks took."),
        "padlock_names_in_use": lambda: gettext("Host names that are checked."),
        "padlock_names_waiting": lambda: gettext(
            "Host names in use that have not been checked for more than 25 hours."
        ),
        "padlock_refresh_started_timestamp_seconds": lambda: gettext(
            "When the last refresh began."
        ),
        "padlock_refresh_ended_timestamp_seconds": lambda: gettext("When the last refresh ended."),
        "padlock_refresh_names": lambda: gettext("Host names of the last refresh, by result."),
        "padlock_refresh_runs": lambda: gettext("Stored refreshes, by kind and state."),
        "padlock_sync_ended_timestamp_seconds": lambda: gettext(
            "When the last sync of a source ended."
        ),
        "padlock_sync_complete": lambda: gettext(
            "1 if the last sync of a source was complete, 0 if it stopped."
        ),
        "padlock_sync_problems": lambda: gettext("Problems of the last sync of a source."),
        "padlock_jobs": lambda: gettext("Background jobs, mails among them, by kind and state."),
        "padlock_job_oldest_timestamp_seconds": lambda: gettext(
            "Since when the oldest job that is due has been waiting."
        ),
        "padlock_incidents_open": lambda: gettext("Incidents that have not ended."),
        "padlock_alerts_evaluated_timestamp_seconds": lambda: gettext(
            "When alerts were last evaluated."
        ),
        "padlock_scheduler_tick_timestamp_seconds": lambda: gettext(
            "When a scheduler last looked for work."
        ),
        "padlock_certificate_not_after_timestamp_seconds": lambda: gettext(
            "When the certificate of a host name expires."
        ),
        "padlock_state": lambda: gettext("The state of a host name: always 1."),
    }
)
OTHER_ISSUERS = "(other)"
