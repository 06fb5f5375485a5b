"""The house has one way through it: every module stands in a layer of the contract in
pyproject.toml."""

import tomllib
from pathlib import Path

import webapp

ROOT = Path(webapp.__file__).parent


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
