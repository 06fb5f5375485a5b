"""`make demo`, as far as it can be told before it starts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "listen", ["0.0.0.0:8001", "[::]:8001", "192.0.2.1:8001", "padlock.example:8001"]
)
def test_the_demo_lets_no_others_in_unless_told_twice(listen):
    environ = os.environ | {"PADLOCK_LISTEN": listen}
    ended = subprocess.run(
        [sys.executable, "-m", "webapp.demo"], env=environ, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert "DEMO_LISTENS_ANYWHERE=yes" in ended.stderr
    assert "Traceback" not in ended.stderr
