"""Words that people read stand in words/ and in templates: a sentence or a label elsewhere is
found by name."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import webapp

ROOT = Path(webapp.__file__).parent
# What operators read in a terminal or a log, in English; config/ may not know words/.
TERMINAL = ("config/", "demo/", "extensions.py", "start_check.py")
# Files in words/ with names and other programs' own words, which no one translates
NAMES = {"curl_errors.py", "transcript.py", "translation.py", "user_agents.py"}
# A capital or a parameter first, two words or more, and what ends a sentence
SENTENCE = re.compile(r"^[“\"']?[A-Z{].*[a-z}]+\s.*[.!?…]$|[a-z]\. [A-Z]", re.DOTALL)
# What a form, a table or a button says; outside words/ it is a code that words/ has words for
WORDS = re.compile(r"^[A-Z][a-z’'-]+( [\w’'-]+)*( ?\([\w ]+\))?[.…:?!]?$")
# Parts of a protocol, and names
CODES = {
    "Accept",
    "Allow",
    "Authorization",
    "Bearer",
    "Cookie",
    "Key",
    "Lax",
    "Mc",
    "Mn",
    "Padlock",
    "Python",
}
# The engine says nothing to people, mail.py writes headers, the styleguide has samples
WORDLESS = ("probe/", "mail.py", "routes/styleguide_data.py")
# In words/ a label counts as well, and what joins words by hand
LABEL = re.compile(r"^[A-Z][a-z]+(?![a-z-])")
JOINED = re.compile(r" [a-z]{2,}")
# What takes words for people, so that a single one is found as well
TELLS = {
    "flash",
    "Refused",
    "ValidationError",
    "InputRequired",
    "NotATable",
    "NotSaved",
    "NoSuchClient",
    "Taken",
}
SQL = re.compile(r"^(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA)\b")


def silent(tree):
    """What no page shows: docstrings, the help of options, lines of the log, and what only a
    programmer meets."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        if isinstance(node, ast.Call) and re.search(r"\blog|RuntimeError", ast.unparse(node.func)):
            yield from node.args
        if isinstance(node, ast.keyword) and node.arg == "help":
            yield node.value
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            yield node.value


def told(tree):
    """What is handed straight to people, first of all else."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in TELLS:
            yield from node.args[:1]


def sentences(source):
    """Every text that reads as a sentence, or is told to people; `{}` for what is put in."""
    tree = ast.parse(source)
    handed = set(told(tree))
    passed = {part for node in silent(tree) for part in ast.walk(node)}
    for node in ast.walk(tree):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        if node in passed or not any(isinstance(part, ast.Constant) for part in parts):
            continue
        passed.update(parts)
        text = "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts
        )
        if node in handed or (SENTENCE.search(text.strip()) and not SQL.match(text)):
            yield text


def found(words_in, left_out=()):
    names = {path: str(path.relative_to(ROOT)) for path in ROOT.rglob("*.py")}
    return {
        name: texts
        for path, name in sorted(names.items())
        if not name.startswith(("words/", "migrations/", *TERMINAL, *left_out))
        if (texts := list(words_in(path.read_text())))
    }


def test_a_sentence_outside_words_is_found_by_name():
    assert found(sentences) == {}


def labels(source):
    """Every text that reads as a label, but codes."""
    tree = ast.parse(source)
    passed = {part for node in silent(tree) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in passed:
            text = node.value
            if WORDS.search(text) and text not in CODES and text not in coded():
                yield text


@cache
def coded():
    """The codes that words/ has words for: the keys of its tables."""
    return {
        key.value
        for path in (ROOT / "words").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    }


def test_a_word_outside_words_is_found_by_name():
    assert found(labels, WORDLESS) == {}


def unseamed(source):
    """The sentences and labels that do not pass through `translation`."""
    tree = ast.parse(source)
    passed = {part for node in silent(tree) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("gettext", "ngettext"):
            passed.update(node.args)
        if isinstance(node, ast.Dict):
            passed.update(node.keys)  # codes
    for node in ast.walk(tree):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        put_together = JOINED if isinstance(node, ast.JoinedStr) else LABEL
        for part in parts:
            if part in passed or not isinstance(getattr(part, "value", None), str):
                continue
            text = part.value
            if put_together.search(text) or LABEL.search(text) or SENTENCE.search(text):
                yield text


def test_every_word_of_words_can_be_translated():
    paths = (path for path in (ROOT / "words").glob("*.py") if path.name not in NAMES)
    texts = {path.name: list(unseamed(path.read_text())) for path in paths}
    assert {name: told for name, told in texts.items() if told} == {}


def test_a_label_is_told_from_a_code_and_a_header():
    field = 'day = DayField("Registered on")'
    assert list(labels(field)) == ["Registered on"]
    others = (
        'DayField(label("registered"))',
        'status = "Active"',
        'h["Cache-Control"]',
        '"""Day."""',
    )
    assert [list(labels(source)) for source in others] == [[], [], [], []]


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('LABELS = {"done": "Done"}', 1),
        ('LABELS = {"done": lambda: gettext("Done")}', 0),
        ('text = f"{count} more were sent"', 1),
        ('text = f"{first}, {second}"', 0),
        ('CODE = "for client"', 0),
    ],
)
def test_what_does_not_pass_through_the_seam(source, count):
    assert len(list(unseamed(source))) == count


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('flash("Profile saved.")', 1),
        ('flash(f"{name} was deleted.")', 1),
        ('flash("Saved", "success")', 1),
        ("flash(confirmations.saved())", 0),
        ('raise NotSaved("Too long: shorten the search. Then try again")', 1),
        ('"""A docstring reads as one."""', 0),
        ('log.error("The database does not answer.")', 0),
        ('run("DELETE FROM waiting WHERE line = ?")', 0),
        ('label = "Search"', 0),
    ],
)
def test_what_reads_as_a_sentence(source, count):
    assert len(list(sentences(source))) == count
