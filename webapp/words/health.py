"""What System health says as a whole."""

from __future__ import annotations

from webapp.words.counts import counted
from webapp.words.translation import gettext, ngettext


def result_text(problems: int, warnings: int, checks: int) -> str:
    """ "1 problem, 2 warnings in 9 checks." """
    if not problems and not warnings:
        return ngettext("{count:,} check passed.", "All {count:,} checks passed.", checks)
    found = {"problem": problems, "warning": warnings}
    flags = ", ".join(counted(kind, count) for kind, count in found.items() if count)
    return gettext("{flags} in {checks}.", flags=flags, checks=counted("check", checks))
