"""`flask diagnose`, as its users run it."""

import json
import re

import pytest

from tests.cli.test_check import flask  # noqa: F401 - a fixture


def test_a_red_name_is_told_step_by_step_and_exits_with_1(flask):  # noqa: F811
    ran = flask("diagnose", "expired.lab.example")
    text = ran.stdout
    assert ran.returncode == 1
    order = [
        "The name",
        "Where the name points",
        "Server at",
        "The chain",
        "Invalid: Certificate expired",
        "curl: (60)",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert "Renew the certificate" in text
    assert "Site: expired.lab.example" in text


def test_a_valid_name_exits_with_0_in_json_a_line_a_step(flask):  # noqa: F811
    ran = flask("diagnose", "moved-away.lab.example", "--server", "192.0.2.4", "--json")
    steps = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 0
    assert [step["step"] for step in steps] == [
        *("NameUnderstood", "DnsAnswer", "AddressAsked", "ChainSeen", "NamesCovered", "HttpAnswer"),
        *("OriginAsked", "Verdict"),
    ]
    assert (steps[-1]["state"], steps[-1]["curl"], steps[-1]["support_text"]) == ("valid", 0, None)
    assert steps[-2]["origin"] == "elsewhere"


def test_a_bad_second_address_exits_with_1(flask):  # noqa: F811
    ran = flask("diagnose", "two-faced.lab.example", "--json")
    assert (ran.returncode, len(json.loads(ran.stdout.splitlines()[-1])["odd"])) == (1, 1)


def test_a_bad_second_certificate_exits_with_1(flask):  # noqa: F811
    ran = flask("diagnose", "two-expired.lab.example", "--json")
    steps = [json.loads(line) for line in ran.stdout.splitlines()]
    second = next(step for step in steps if step["step"] == "SecondCertificate")
    assert (ran.returncode, second["signing"], second["finding"]["reason"]) == (1, "RSA", "expired")
    second = r"get a different certificate: it expired (9|10) days ago\."
    assert re.search(second, steps[-1]["notes"][0])


@pytest.mark.parametrize("on_a_terminal", [True, False])
def test_it_is_coloured_on_a_terminal_only(in_app, on_a_terminal):
    ran = in_app.test_cli_runner().invoke(args=["diagnose", "shop.example"], color=on_a_terminal)
    assert "Invalid: HTTPS is off" in ran.output
    assert (ran.exit_code, "\x1b[31m" in ran.output) == (1, on_a_terminal)


@pytest.mark.parametrize(
    ("arguments", "code"), [(["10.0.0.1"], 1), ([], 2), (["shop.example", "--server", "web1"], 2)]
)
def test_what_is_no_name_exits_with_1_and_wrong_usage_with_2(in_app, arguments, code):
    assert in_app.test_cli_runner().invoke(args=["diagnose", *arguments]).exit_code == code
