"""The PostgreSQL that tests bring along."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest

from tests import postgresql

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root has to start PostgreSQL as another user"
)


@pytest.fixture
def wheel(tmp_path):
    """The wheel, installed under umask 077 in a folder that only root can enter."""
    installed = postgresql.installed()
    for part in (installed, installed.with_name(f"{installed.name}.libs")):
        shutil.copytree(part, tmp_path / "root" / part.name)
    for path in tmp_path.rglob("*"):
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(path.stat().st_mode) & 0o700)
    return tmp_path / "root" / installed.name


def test_it_starts_from_a_folder_that_only_root_can_enter(wheel):
    server = postgresql.Server(wheel)
    try:
        server.start()
    finally:
        server.remove()


def test_it_starts_where_temporary_files_are_roots_alone(wheel, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(wheel.parent))
    server = postgresql.Server(wheel)
    try:
        server.start()
        assert wheel.parent not in server.folder.parents
    finally:
        server.remove()


def test_what_its_programs_say_is_told_and_nothing_is_left(wheel, monkeypatch):
    folders = []
    mkdtemp = tempfile.mkdtemp
    monkeypatch.setattr(
        tempfile, "mkdtemp", lambda **where: folders.append(mkdtemp(**where)) or folders[-1]
    )
    monkeypatch.setattr(postgresql.Server, "_place", lambda server: {"cwd": "/", **server._who})
    with pytest.raises(AssertionError, match=r"initdb ended with 1: .*data"):
        postgresql.Server(wheel)
    assert not Path(folders[0]).exists()
