"""The PostgreSQL that tests bring along."""

from __future__ import annotations

import os
import shutil

import pytest

from tests import postgresql


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to start it as another user")
def test_it_starts_from_a_folder_that_only_root_can_enter(tmp_path):
    wheel = postgresql.installed()
    libraries = wheel.with_name(f"{wheel.name}.libs")
    for part in (wheel, libraries):
        shutil.copytree(part, tmp_path / part.name)
    tmp_path.chmod(0o700)
    server = postgresql.Server(tmp_path / wheel.name)
    try:
        server.start()
    finally:
        server.remove()
