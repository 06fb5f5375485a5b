"""What an open page says when a request of one of its parts fails."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.words.translation import Table, gettext

# By what happened, as static/site.js names it
NOTICES: Mapping[str, str] = Table(
    {
        "offline": lambda: gettext("No connection. Check your network, then try again."),
        "slow": lambda: gettext("This is taking longer than usual. You can wait or reload."),
        "timeout": lambda: gettext("No answer in time. Try again in a minute."),
        "stale": lambda: gettext("This page is out of date. Reload it, then try again."),
        "gone": lambda: gettext("This is no longer here, or you can't view it. Reload the page."),
        "many": lambda: gettext("Too many requests. Wait a minute, then try again."),
        "busy": lambda: gettext("The site is busy. Try again in a minute."),
        "error": lambda: gettext("The error is on our side and was logged. Try again later."),
    }
)
