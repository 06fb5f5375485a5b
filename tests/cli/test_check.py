"""The command line, as its users run it: a process of its own with the lab in its settings."""

import json
import os
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests import forked
from tests.two_ports import NAME, OTHER, two_ports

ROOT = Path(__file__).parents[2]
FLASK = Path(sys.executable).with_name("flask")
KEYS = {
    *(
        "input",
        "hostname",
        "state",
        "reason",
        "message",
        "issuer",
        "not_before",
        "not_after",
        "days_left",
    ),
    *("address", "tls_version", "elapsed_seconds", "checked_at"),
}


@pytest.fixture(scope="module")
def flask(lab, tmp_path_factory):
    """Runs `flask …` with the lab around it; `PADLOCK_…` settings as keywords."""
    database = tmp_path_factory.mktemp("cli") / "cli.sqlite3"

    def flask(*arguments, stdin=None, **environ):
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith("PADLOCK_")
        }
        clean |= {"PADLOCK_DATABASE_URL": f"sqlite:///{database}", "PADLOCK_SECRET_KEY": "x" * 32}
        clean |= lab.environ() | {"PADLOCK_PROBE_TIMEOUT": "1"} | environ
        return forked.run("flask", *arguments, environ=clean, stdin=stdin or "")

    return flask


def lines(ran):
    return [json.loads(line) for line in ran.stdout.split("\n") if line]


def test_valid_names_exit_with_0(flask):
    ran = flask("check", "ok.lab.example")
    assert ran.returncode == 0
    assert ran.stdout.startswith(
        "VALID    ok.lab.example                 Valid certificate · Padlock Lab CA 1, Padlock"
    )


def test_a_name_that_is_not_valid_exits_with_1_and_says_why(flask):
    ran = flask("check", "ok.lab.example", "expired.lab.example")
    assert ran.returncode == 1
    assert "expired.lab.example            Certificate expired · " in ran.stdout
    assert "certificate has expired" in ran.stdout


def test_a_server_that_leaves_in_the_handshake_is_told_with_its_certificate(flask):
    ran = flask("check", "resets-1-3.lab.example")
    assert ran.returncode == 1
    assert "HTTPS connection fails · Padlock Lab CA 1, Padlock Lab" in ran.stdout
    assert "reset by peer" in ran.stdout


def test_nothing_to_check_exits_with_2(flask, tmp_path):
    comments = tmp_path / "names.txt"
    comments.write_text("# nothing\n\n")
    assert flask("check").returncode == 2
    assert flask("check", "--file", "no such file").returncode == 2
    assert flask("check", "--file", str(comments)).returncode == 2


def test_json_says_everything_of_every_input(flask, tmp_path):
    names = tmp_path / "names.txt"
    names.write_bytes(
        "\ufeffok.lab.example\n\n# a comment\r\n  HTTPS://Expired.lab.example/x \r\nno"
        " name\n\0".encode()
    )
    ran = flask("check", "bücher.lab.example", "--file", str(names), "--json")
    by_input = {line["input"]: line for line in lines(ran)}
    assert ran.returncode == 1
    assert all(set(line) >= KEYS for line in by_input.values())
    assert {
        text: (line["hostname"], line["state"], line["reason"]) for text, line in by_input.items()
    } == {
        "bücher.lab.example": ("xn--bcher-kva.lab.example", "valid", "ok"),
        "ok.lab.example": ("ok.lab.example", "valid", "ok"),
        "  HTTPS://Expired.lab.example/x ": ("expired.lab.example", "invalid", "expired"),
        "no name": (None, "unknown", "not_checkable"),
        "\0": (None, "unknown", "not_checkable"),
    }
    assert by_input["ok.lab.example"]["days_left"] in (60, 61)  # of 60 and a half
    assert by_input["ok.lab.example"]["tls_version"] == "TLSv1.3"


def test_an_address_that_was_not_asked_is_told(flask):
    (line,) = lines(flask("check", "half-link-local.lab.example", "--json"))
    assert line["stray"] == [{"address": "fe80::1", "why": "not_public"}]
    remark = "AAAA fe80::1 is not a public address; some visitors may end up there"
    assert f"{remark}." in line["staff"]
    assert remark in flask("check", "half-link-local.lab.example").stdout


def test_a_denied_network_is_not_asked(flask):
    said = flask("check", "ok.lab.example", PADLOCK_DENIED_NETWORKS="127.0.0.0/8").stdout
    assert "UNKNOWN" in said
    assert "A 127.0.0.1 is in PADLOCK_DENIED_NETWORKS and was not contacted" in said


def test_names_come_through_a_pipe(flask):
    ran = flask("check", "--file", "-", "--json", stdin="ok.lab.example\nshop.wild.lab.example\n")
    assert {line["hostname"] for line in lines(ran)} == {"ok.lab.example", "shop.wild.lab.example"}
    assert ran.returncode == 0


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n")),
        min_size=1,
        max_size=50,
    )
)
@hypothesis_settings(max_examples=5)
def test_nasty_names_get_a_line_each(flask, names):
    given_names = [name.removesuffix("\r") for name in names]
    expected = [name for name in given_names if name.strip() and not name.lstrip().startswith("#")]
    text = "\n".join(["# first", *names, "last one"])
    ran = flask("check", "--file", "-", "--json", stdin=text, PADLOCK_CONNECT_TO="*=127.0.0.1:1")
    assert sorted(line["input"] for line in lines(ran)) == sorted([*expected, "last one"])


def test_a_thousand_names_a_third_of_them_silent_end_in_time(flask, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text(
        "silent.lab.example\nok.lab.example\nshop.wild.lab.example\n" * 300
        + "ok.lab.example\n" * 100
    )
    started = time.monotonic()
    flask("check", "ok.lab.example")
    starting = time.monotonic() - started  # what the process costs on this machine as busy as it is
    ran = flask(
        "check",
        "--file",
        str(names),
        "--json",
        PADLOCK_PROBE_CONCURRENCY="100",
        PADLOCK_PROBE_TIMEOUT="3",
    )
    elapsed = time.monotonic() - started - starting
    found = [line["state"] for line in lines(ran)]
    assert (found.count("valid"), found.count("unknown"), ran.returncode) == (700, 300, 1)
    timeout = 3
    assert elapsed < 3 * starting + timeout + 300 / 100 * timeout


def test_a_bad_setting_is_one_clear_sentence(flask):
    ran = flask("check", "ok.lab.example", PADLOCK_PROBE_TIMEOUT="soon")
    assert ran.returncode == 2
    told = "PADLOCK_PROBE_TIMEOUT cannot be 'soon': it must be a number of seconds from 0.1 to 300."
    assert ran.stderr == f"{told}\n"


def test_a_setting_that_does_not_exist_is_pointed_out(flask):
    ran = flask("settings", PADLOCK_PROBE_TIMOUT="5")
    assert "did you mean PADLOCK_PROBE_TIMEOUT?" in ran.stderr


def test_settings_are_listed_without_secrets(flask):
    ran = flask("settings", PADLOCK_SECRET_KEY="a secret that nobody may read from the list")
    assert "PADLOCK_PROBE_TIMEOUT = 1.0" in ran.stdout
    assert "Default: 10" in ran.stdout
    assert "nobody may read" not in ran.stdout


def test_the_first_start_prints_a_link_for_the_first_admin(flask):
    assert flask("db", "upgrade").returncode == 0
    assert "http://127.0.0.1:8000/setup/" in flask("welcome").stdout


def test_a_worker_without_a_broker_says_what_is_missing(in_app):
    ran = in_app.test_cli_runner().invoke(args=["worker"])
    assert (ran.exit_code, "Set PADLOCK_BROKER_URL" in ran.output) == (1, True)


def test_each_port_of_a_name_is_checked_by_itself(flask, lab):
    two_ports(lab)
    ran = flask("check", "--json", NAME, f"https://{OTHER}/")
    found = {line["port"]: line for line in lines(ran)}
    assert {port: (line["hostname"], line["reason"]) for port, line in found.items()} == {
        443: (NAME, "ok"),
        8443: (NAME, "expired"),
    }
    assert found[8443]["address_port"] == two_ports(lab)[1][2]
    assert f"https://{OTHER}" in found[8443]["staff"]
    assert f"INVALID  {OTHER}" in flask("check", OTHER).stdout
    assert OTHER in flask("diagnose", OTHER).stdout


def test_a_port_that_is_not_allowed_is_told_with_those_that_are(flask):
    told = "checked: 443, 2083. To allow others, change the setting PADLOCK_PORTS."
    ran = flask("check", OTHER, PADLOCK_PORTS="2083")
    assert told in ran.stdout
    assert f"UNKNOWN  {OTHER}" in ran.stdout
    assert ran.returncode == 1
    assert told in flask("diagnose", OTHER, PADLOCK_PORTS="2083").stdout


def test_what_was_left_out_of_a_name_is_told(flask):
    told = "Checked on port 443, not 80"
    name = "http://ok.lab.example:80"
    assert told in flask("check", name).stdout
    assert lines(flask("check", "--json", name))[0]["left_out"] == [f"{told}."]
    assert told in flask("diagnose", name).stdout
