"""A name at another port than 443: two servers for one name, each asked by itself."""

import shlex
import subprocess
from dataclasses import replace

import pytest

from tests.demo.test_lab import curl  # noqa: F401 - a fixture
from tests.two_ports import NAME, OTHER, two_ports
from webapp.probe import NotCheckable, Refusal, check, to_unicode, understand
from webapp.probe.address import ConnectTo
from webapp.probe.diagnosis import diagnose
from webapp.probe.finding import Reason
from webapp.probe.steps import DnsAnswer, HttpAnswer, NameUnderstood, OriginAsked
from webapp.words import curl_errors, transcript, verdicts


@pytest.fixture
def settings(lab_settings, lab):
    to = tuple(ConnectTo(*entry) for entry in two_ports(lab))
    return replace(lab_settings, connect_to=to)


def test_each_port_has_its_own_verdict(settings):
    at_443 = check(NAME, settings)
    other = check(f"https://{OTHER}/", settings)
    assert (at_443.reason, at_443.port, at_443.authority) == (Reason.OK, 443, NAME)
    assert (other.reason, other.port, other.authority) == (Reason.EXPIRED, 8443, OTHER)


def test_curl_sees_the_same_at_each_port(settings, curl, lab):  # noqa: F811
    for name in (NAME, OTHER):
        finding = check(name, settings)
        command = shlex.split(curl_errors.command_for(finding))
        assert f"https://{name}" in command
        trust = ("--cacert", str(lab.ca_bundle), "--noproxy", "*", "--silent")
        ended = subprocess.run([curl, "-q", *trust, *command[1:]], capture_output=True)
        assert ended.returncode == finding.curl


def test_without_a_setting_the_port_itself_is_connected_to(settings, lab):
    _, host, port = two_ports(lab)[1]
    there = replace(settings, connect_to=(), ports=(443, port), lookup=lambda _: [host])
    finding = check(f"{NAME}:{port}", there)
    assert (finding.reason, finding.address_port) == (Reason.EXPIRED, port)
    assert "--connect-to" not in verdicts.staff_text(finding)


def test_a_setting_for_the_name_means_port_443_only(settings, lab):
    to = (ConnectTo(*two_ports(lab)[0]),)
    there = replace(settings, connect_to=to, lookup=lambda _: ["127.0.0.1"], ports=(1,))
    assert check(f"{NAME}:1", there).reason is Reason.REFUSED


def test_a_port_that_is_not_allowed_is_never_connected_to(settings, lab):
    before = lab.contacts(OTHER)
    finding = check(OTHER, replace(settings, ports=(443, 2083)))
    assert (finding.reason, finding.refusal) == (Reason.NOT_CHECKABLE, Refusal.PORT_NOT_ALLOWED)
    assert (finding.authority, finding.allowed_ports) == (OTHER, (443, 2083))
    assert lab.contacts(OTHER) == before
    assert verdicts.finding_text(finding) == (
        "The site is on a port that isn't checked here. Only these ports are checked: 443, 2083."
    )
    assert "PADLOCK_PORTS" in verdicts.staff_text(finding)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("example.com:0", Refusal.BAD_PORT),
        ("example.com:99999", Refusal.BAD_PORT),
        ("example.com:443:443", Refusal.BAD_PORT),
        ("example.com:8443:8443", Refusal.BAD_PORT),
        ("example.com:abc", Refusal.BAD_PORT),
        ("example.com:-1", Refusal.BAD_PORT),
        ("example.com:８４４３", Refusal.BAD_PORT),
        ("[::1]:8443", Refusal.ADDRESS),
        ("192.0.2.1:8443", Refusal.ADDRESS),
        (":8443", Refusal.EMPTY),
        ("localhost:8443", Refusal.SINGLE_LABEL),
        ("https://example.com:80", Refusal.PORT_NOT_ALLOWED),
        ("example.com:80", Refusal.PORT_NOT_ALLOWED),
    ],
)
def test_what_is_no_port_or_none_that_is_allowed_is_refused(text, refusal):
    with pytest.raises(NotCheckable) as refused:
        understand(text, (443, 8443))
    assert refused.value.refusal is refusal


@pytest.mark.parametrize(
    ("text", "authority", "dropped"),
    [
        ("example.com:443", "example.com", None),
        ("https://example.com:8443/login?next=/", "example.com:8443", None),
        ("HTTP://example.com:8443", "example.com:8443", None),
        ("http://example.com:80", "example.com", 80),
        ("ftp://example.com:21/pub", "example.com", 21),
        ("*.bücher.example.:8443", "xn--bcher-kva.example:8443", None),
        ("example.com:08443", "example.com:8443", None),
        ("example.com:", "example.com", None),
    ],
)
def test_a_port_is_understood_wherever_it_stands(text, authority, dropped):
    found = understand(text, (443, 8443))
    assert (found.authority, found.dropped_port) == (authority, dropped)
    assert understand(found.authority).authority == authority


def test_a_name_at_a_port_is_shown_as_people_write_it():
    assert to_unicode("xn--bcher-kva.xn--p1ai:8443") == "bücher.рф:8443"


def test_the_diagnosis_goes_to_the_port_and_tells_it(settings, lab):
    steps = list(diagnose(f"https://{OTHER}/", settings, server="127.0.0.1"))
    [understood] = [step for step in steps if isinstance(step, NameUnderstood)]
    [dns] = [step for step in steps if isinstance(step, DnsAnswer)]
    [http] = [step for step in steps if isinstance(step, HttpAnswer)]  # the plain site is another
    assert (understood.hostname, understood.port, dns.port) == (NAME, 8443, 8443)
    assert http.answer.url == f"https://{OTHER}/"
    assert transcript.verdict_of(steps).finding.reason is Reason.EXPIRED
    shown = transcript.transcript(steps)
    assert f"https://{OTHER}" in shown.splitlines()[0]
    assert f"* Host {OTHER} is at 127.0.0.1" in shown
    assert transcript.support_text(steps, staff=True).startswith(f"Site: {OTHER}\n")


def test_the_server_of_a_service_is_asked_at_the_same_port(settings, lab):
    _, host, port = two_ports(lab)[1]
    there = replace(settings, connect_to=(), ports=(port,), lookup=lambda _: [host])
    steps = list(diagnose(f"{NAME}:{port}", there, server=host, aliases=lambda *_: []))
    [origin] = [step for step in steps if isinstance(step, OriginAsked)]
    assert origin.finding.reason is Reason.EXPIRED
