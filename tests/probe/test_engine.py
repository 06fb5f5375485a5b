"""What happens before, around and beside a handshake."""

import errno
import itertools
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from webapp.demo.pki import issue
from webapp.probe import (
    ConnectTo,
    Reason,
    Refusal,
    Settings,
    State,
    check,
    check_many,
    connection,
    trust_store,
)

LOOPBACK = (ip_network("127.0.0.0/8"),)


def lookup_failing_with(error):
    def lookup(hostname):
        raise error

    return Settings(lookup=lookup, timeout=2)


def test_the_engine_loads_neither_flask_nor_a_database():
    code = (
        "import webapp.probe, sys; print(sorted({m.split('.')[0] for m in sys.modules} &"
        " {'flask', 'sqlalchemy'}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_what_is_no_host_name_is_not_asked_for():
    finding = check("not a name", lookup_failing_with(AssertionError("DNS was asked")))
    assert (finding.reason, finding.refusal, finding.hostname) == (
        Reason.NOT_CHECKABLE,
        Refusal.SPACE,
        None,
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(socket.EAI_NONAME, "no such name"), Reason.DNS_NOT_FOUND),
        (socket.gaierror(socket.EAI_AGAIN, "server failure"), Reason.DNS_FAILED),
        (OSError(24, "Too many open files"), Reason.MONITOR_ERROR),
        (RuntimeError("a bug of ours"), Reason.MONITOR_ERROR),
    ],
)
def test_a_lookup_that_fails_is_told_by_whose_fault_it_is(error, reason, caplog):
    assert check("shop.example", lookup_failing_with(error)).reason is reason
    assert bool(caplog.records) is (reason is Reason.MONITOR_ERROR)


def test_a_stalled_resolver_does_not_outlast_the_deadline():
    release = threading.Event()
    finding = check(
        "shop.example", Settings(lookup=lambda hostname: release.wait(30) or [], timeout=0.3)
    )
    release.set()
    assert finding.reason is Reason.DNS_FAILED
    assert finding.elapsed_seconds < 1.3


def test_stalled_lookups_do_not_hold_up_the_others(lab_settings):
    release = threading.Event()
    known = {"shop.example": lab_settings.connect_to}

    def lookup(hostname):
        return ["127.0.0.1"] if hostname in known else release.wait(30) or []

    names = [*(f"stalled-{n}.example" for n in range(100)), "ok.lab.example"]
    settings = replace(lab_settings, lookup=lookup, timeout=0.5)
    started = time.monotonic()
    findings = {finding.hostname: finding.reason for finding in check_many(names, settings, 50)}
    release.set()
    assert findings["ok.lab.example"] is Reason.OK
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]
)
def test_a_name_that_points_inside_is_not_asked(address, guard):
    finding = check("shop.example", Settings(lookup=lambda hostname: [address]))
    assert finding.reason is Reason.BLOCKED
    assert finding.address is None
    assert guard.attempts == []


def test_a_second_dns_answer_is_never_used(monkeypatch, lab):
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    dialled = []
    real = socket.socket.connect_ex
    monkeypatch.setattr(
        socket.socket,
        "connect_ex",
        lambda s, to: dialled.append(to[0]) or real(s, ("127.0.0.1", 1)),
    )
    check(
        "shop.example", Settings(lookup=lambda hostname: next(answers), allowed_networks=LOOPBACK)
    )
    assert set(dialled) == {"127.0.0.1"}
    assert list(answers) == [["10.0.0.1"]]


def test_an_address_without_a_route_is_unreachable(guard):
    finding = check("shop.example", Settings(lookup=lambda hostname: ["93.184.215.14"]))
    assert finding.reason is Reason.UNREACHABLE
    assert [attempt.split()[0] for attempt in guard.attempts] == ["connect_ex"]
    guard.attempts.clear()


def test_a_refusal_counts_more_than_a_family_of_addresses_that_we_lack(lab_settings, guard):
    where = [entry for entry in lab_settings.connect_to if entry.pattern == "refused.lab.example"]
    lost = replace(where[0], address="2606:2800::1")
    finding = check("refused.lab.example", replace(lab_settings, connect_to=(lost, *where)))
    assert finding.reason is Reason.REFUSED
    guard.attempts.clear()


def test_a_reset_before_the_handshake_is_no_refusal(monkeypatch, lab_settings):
    monkeypatch.setattr(socket.socket, "getsockopt", lambda self, *option: errno.ECONNRESET)
    finding = check("ok.lab.example", lab_settings)
    assert finding.reason is Reason.HANDSHAKE_FAILED


@pytest.mark.parametrize("code", [errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL])
def test_a_machine_without_ipv6_asks_over_ipv4(code, monkeypatch, lab_settings):
    real = connection._socket_towards

    def without_ipv6(endpoint):
        if ":" in endpoint.address:
            raise OSError(code, os.strerror(code))
        return real(endpoint)

    monkeypatch.setattr(connection, "_socket_towards", without_ipv6)
    good = [entry for entry in lab_settings.connect_to if entry.pattern == "ok.lab.example"]
    six = replace(good[0], address="::1")
    assert (
        check("ok.lab.example", replace(lab_settings, connect_to=(six, *good))).reason is Reason.OK
    )
    assert (
        check("ok.lab.example", replace(lab_settings, connect_to=(six,))).reason
        is Reason.UNREACHABLE
    )


def test_a_server_is_not_blamed_when_this_machine_looked_too_late(monkeypatch, lab_settings):
    monkeypatch.setattr(connection.Deadline, "remaining", lambda self: 0.0)
    assert check("ok.lab.example", lab_settings).reason is Reason.OK


def test_finite_field_diffie_hellman_is_not_spoken(lab, lab_settings):
    # A hostile server may choose parameters that cost us a second of CPU; browsers have left all of
    # it behind.
    def only_dhe(context):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("DHE-RSA-AES128-GCM-SHA256")

    leaf = issue(
        "dhe.lab.example", issuer=lab.intermediate, key=rsa.generate_private_key(65537, 2048)
    )
    address, port = lab.serve("dhe.lab.example", leaf, lab.intermediate, setup=only_dhe)
    finding = check(
        "dhe.lab.example", replace(lab_settings, connect_to=(ConnectTo("*", address, port),))
    )
    assert finding.reason is Reason.HANDSHAKE_FAILED


def test_out_of_descriptors_is_our_own_fault(monkeypatch, lab_settings):
    def no_socket(*args):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(connection.socket, "socket", no_socket)
    assert check("ok.lab.example", lab_settings).reason is Reason.MONITOR_ERROR


def test_out_of_threads_is_our_own_fault(monkeypatch):
    def no_thread(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    assert (
        check("shop.example", Settings(lookup=lambda hostname: [])).reason is Reason.MONITOR_ERROR
    )


def test_an_endless_input_is_read_no_faster_than_findings_are_taken():
    read = itertools.count()
    names = (f"not a name {next(read)}" for _ in itertools.count())
    findings = check_many(names, Settings(), 8)
    for _ in range(100):
        assert next(findings).reason is Reason.NOT_CHECKABLE
    findings.close()
    assert next(read) <= 100 + 8


def test_an_input_that_breaks_breaks_the_caller_not_the_engine():
    def names():
        yield "not a name"
        raise KeyError("gone")

    with pytest.raises(KeyError):
        list(check_many(names(), Settings()))


def test_two_hundred_silent_servers_at_once_end_with_the_deadline(lab_settings):
    started = time.monotonic()
    findings = list(
        check_many(["silent.lab.example", "drips.lab.example"] * 100, lab_settings, 200)
    )
    assert {finding.reason for finding in findings} == {Reason.TIMEOUT}
    assert time.monotonic() - started < lab_settings.timeout + 10


@given(st.lists(st.text(), max_size=20))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_gets_a_finding(texts):
    settings = lookup_failing_with(socket.gaierror(socket.EAI_NONAME, "no such name"))
    findings = list(check_many(texts, settings))
    assert sorted(finding.input for finding in findings) == sorted(texts)
    assert {finding.state for finding in findings} <= {State.UNKNOWN}


@pytest.fixture
def bundle(tmp_path, lab) -> Path:
    path = tmp_path / "bundle.pem"
    path.write_bytes(lab.ca_bundle.read_bytes())
    return path


@pytest.mark.parametrize(
    "content", [None, b"", b"no pem at all", b"-----BEGIN CERTIFICATE-----\nAAAA\n"]
)
def test_without_a_root_to_trust_nothing_is_red(content, tmp_path, lab_settings):
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_bytes(content)
    assert (
        check("ok.lab.example", replace(lab_settings, ca_bundle=path)).reason
        is Reason.MONITOR_ERROR
    )


def test_the_roots_are_read_anew_when_the_file_changes(bundle, lab_settings):
    settings = replace(lab_settings, ca_bundle=bundle)
    assert check("ok.lab.example", settings).reason is Reason.OK
    bundle.write_bytes(Path(trust_store.certifi.where()).read_bytes())
    # Its root was not sent: from here that looks like an intermediate that is missing.
    assert check("ok.lab.example", settings).reason is Reason.INCOMPLETE_CHAIN


def test_the_roots_loaded_before_are_kept_when_the_new_file_is_broken(bundle, lab_settings, caplog):
    settings = replace(lab_settings, ca_bundle=bundle)
    assert check("ok.lab.example", settings).reason is Reason.OK
    bundle.write_bytes(b"broken")
    assert check("ok.lab.example", settings).reason is Reason.OK
    assert "keeping the roots" in caplog.text


def test_the_environment_does_not_change_whom_we_trust(monkeypatch, lab, lab_settings):
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(variable, str(lab.ca_bundle))
    assert (
        check("ok.lab.example", replace(lab_settings, ca_bundle=None)).reason
        is Reason.INCOMPLETE_CHAIN
    )


def test_a_connection_to_another_address_than_the_vetted_one_is_not_used(monkeypatch, lab_settings):
    monkeypatch.setattr(socket.socket, "getpeername", lambda self: ("127.0.0.9", 443))
    assert check("ok.lab.example", lab_settings).reason is Reason.MONITOR_ERROR
