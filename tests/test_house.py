"""The house has one way through it: every module stands in a layer of the contract in
pyproject.toml. And no module is too long to be read in one sitting."""

import tomllib
from pathlib import Path

import webapp

ROOT = Path(webapp.__file__).parent
MOST_LINES = 300
# Tables of words and settings grow with what they list, and a migration is never changed again.
TABLES = ("words/", "config/table.py", "migrations/")


def layers():
    contracts = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())
    (one_way,) = (
        contract
        for contract in contracts["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    return {name.strip(" ()") for layer in one_way["layers"] for name in layer.split("|")}


def modules(root):
    """The modules and packages right below this folder, by name; those deeper belong to them."""
    files = {path.stem for path in root.glob("*.py")} - {"__init__"}
    return files | {path.parent.name for path in root.glob("*/*.py")}


def test_every_module_stands_in_a_layer():
    assert modules(ROOT) - layers() == set()


def test_every_layer_is_a_module():
    assert layers() - modules(ROOT) == set()


def test_a_stray_module_is_found_by_name(tmp_path):
    (tmp_path / "stray.py").touch()
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "inner.py").touch()
    assert modules(tmp_path) - layers() == {"stray", "room"}


def long_modules(root):
    """The modules below this folder that are too long, tables left out, by their path."""
    paths = {path.relative_to(root).as_posix(): path for path in root.rglob("*.py")}
    return {
        name
        for name, path in paths.items()
        if not name.startswith(TABLES) and len(path.read_text().splitlines()) > MOST_LINES
    }


def test_no_module_is_too_long():
    assert long_modules(ROOT) == set()


def test_a_long_module_is_found_by_its_path(tmp_path):
    (tmp_path / "words").mkdir()
    for name, lines in (("fits.py", 300), ("long.py", 301), ("words/table.py", 301)):
        (tmp_path / name).write_text("pass\n" * lines)
    assert long_modules(tmp_path) == {"long.py"}
