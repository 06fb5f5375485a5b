"""Every sentence goes through one seam, where a translation can take its place."""

import ast
import re
import subprocess
import sys
from datetime import UTC, datetime
from gettext import NullTranslations
from pathlib import Path
from string import Formatter

import pytest

import webapp
from webapp.probe import Reason
from webapp.words import counts, health, reasons, refreshes, refusals, times, verdicts
from webapp.words.translation import LazyText, gettext, translated

ROOT = Path(webapp.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if "migrations" not in path.parts)
# "" if n == 1 else "s", in Python and in templates
HAND_MADE = re.compile(r"""[!=]=\s*1\s+else\s+[\w"']|["']s["']\s+if\s""")


class Polish(NullTranslations):
    """Three plural forms, and words in another order."""

    def gettext(self, message):
        return {"Checked {ago}.": "{ago} sprawdzono."}.get(message, message)

    def ngettext(self, one, many, count):
        if one != "{count:,} domain":
            return super().ngettext(one, many, count)
        if count == 1:
            return "{count} domena"
        return "{count} domeny" if count % 10 in (2, 3, 4) else "{count} domen"


def test_one_and_many_have_their_own_words():
    assert [counts.counted("domain", n) for n in (0, 1, 2_000)] == [
        "0 domains",
        "1 domain",
        "2,000 domains",
    ]
    assert counts.belongings_text(1, 2_000, 0) == "1 service, 2,000 domains and no users"
    assert health.result_text(1, 2, 9) == "1 problem, 2 warnings in 9 checks."
    assert health.result_text(0, 0, 9) == "All 9 checks passed."
    assert verdicts.asked_text(1, 1).startswith("1 is being checked. 1 skipped")


def test_a_refresh_of_one_name_is_told_in_the_singular():
    assert refreshes.run_progress("running", 0, 1) == "1 host name is being checked"
    assert refreshes.run_progress("running", 1, 1) == "1 of 1 host name checked"
    assert refreshes.daily_plan(1, 0, 1, "03:00", "UTC").endswith("the only host name in use.")
    assert refreshes.daily_plan(951, 100, 10, "03:00", "UTC") == (
        "Starts daily at 03:00 (UTC) and checks 100 of 951 host names in use, each every 10 days."
    )
    assert refreshes.adaptive_plan(1, 5, 1).endswith(": about 1 check a day, all within the limit.")


def test_a_translation_has_its_own_order_and_as_many_plurals_as_it_needs():
    with translated(Polish()):
        assert [counts.counted("domain", n) for n in (1, 3, 5)] == [
            "1 domena",
            "3 domeny",
            "5 domen",
        ]
        assert gettext("Checked {ago}.", ago="now") == "now sprawdzono."
    assert counts.counted("domain", 3) == "3 domains"


def test_a_date_is_written_as_its_reader_writes_it():
    class German(NullTranslations):
        def gettext(self, message):
            return {"Mar": "März", "{day} {month} {year}": "{day}. {month} {year}"}.get(
                message, message
            )

    at = datetime(2027, 3, 2, 9, 5, tzinfo=UTC)
    assert times.instant_text(at) == "2 Mar 2027, 09:05 UTC"
    with translated(German()):
        assert times.instant_text(at) == "2. März 2027, 09:05 UTC"
    months = " ".join(times.MONTHS.values())
    assert months == "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"


def test_a_table_and_what_a_form_asks_for_are_read_in_each_readers_language():
    class German(NullTranslations):
        def gettext(self, message):
            return {"Certificate revoked": "Widerrufen", "Enter a name.": "Name?"}.get(
                message, message
            )

    asked = LazyText(refusals.name_missing)
    for _ in range(2):
        assert reasons.WORDS[Reason.REVOKED].title == "Certificate revoked"
        assert str(asked) == "Enter a name."
        with translated(German()):
            assert reasons.WORDS[Reason.REVOKED].title == "Widerrufen"
            assert str(asked) == "Name?"


def test_a_parameter_is_never_read_as_a_pattern():
    assert gettext("Checked {ago}.", ago="{0.__class__} %s") == "Checked {0.__class__} %s."


def calls(tree):
    """Each call of the seam, and whether it stands in a function."""
    inside = {
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("gettext", "ngettext"):
            yield node, node in inside


def faults(call, in_function):
    """What a translator or a reader would stumble over."""
    plural = call.func.id == "ngettext"
    messages = call.args[: 2 if plural else 1]
    if not in_function:
        yield "said when the module is imported"
    if not all(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in messages):
        yield "not written out"
        return
    given = {keyword.arg for keyword in call.keywords} | ({"count"} if plural else set())
    named = {field for one in messages for _, field, _, _ in Formatter().parse(one.value) if field}
    if named - given or given - named - {"count"}:
        yield f"names {sorted(named)}, is given {sorted(given)}"


def test_sentences_are_written_out_and_said_late():
    found = [
        (path.name, call.lineno, fault)
        for path in MODULES
        if "gettext" in path.read_text() and path.name != "translation.py"
        for call, late in calls(ast.parse(path.read_text()))
        for fault in faults(call, late)
    ]
    assert found == []


def test_no_plural_is_made_by_hand():
    texts = [*MODULES, *ROOT.rglob("templates/**/*.html")]
    assert [str(path) for path in texts if HAND_MADE.search(path.read_text())] == []


@pytest.mark.parametrize(
    "code", ["x = gettext('a')", "def f(): gettext(f'a{x}')", "def f(): gettext('{a}', b=1)"]
)
def test_the_guard_sees_what_it_guards_against(code):
    assert [list(faults(call, late)) for call, late in calls(ast.parse(code))] != [[]]


def test_spans_count_their_units():
    assert [times.span_text(times._SECOND * n) for n in (0, 1, 59, 60, 119, 120, 3_600, 7_200)] == [
        *("under a second", "1 second", "59 seconds", "60 seconds", "119 seconds"),
        *("2 minutes", "60 minutes", "2 hours"),
    ]


def test_nothing_is_said_when_modules_are_imported():
    code = """
import gettext, importlib, pkgutil
said = []
seam = gettext.NullTranslations
seam.gettext = seam.ngettext = lambda self, message, *more: said.append(message) or message
import webapp
for module in pkgutil.walk_packages(webapp.__path__, "webapp."):
    if "migrations" not in module.name and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(said)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")
