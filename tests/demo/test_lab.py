"""The lab, looked at with eyes that are not ours: curl's, and those of the ssl module."""

from __future__ import annotations

import contextlib
import functools
import shutil
import socket
import ssl
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.odd_leaves import ODD_LEAVES
from webapp.demo.endings import ALERT, RESET, leaves
from webapp.demo.lab import LANDING, Address, Case, Lab, running
from webapp.demo.pki import issue, issue_ca
from webapp.demo.servers import only, shows, wants_client
from webapp.probe.finding import Reason
from webapp.words import reasons

WITHOUT_A_SERVER = {
    Reason.DNS_NOT_FOUND,
    Reason.DNS_FAILED,
    Reason.UNREACHABLE,
    Reason.NOT_CHECKABLE,
    Reason.MONITOR_ERROR,
}

# The first verify error that OpenSSL 3 and later report, see X509_STORE_CTX_get_error(3).
VERIFY_ERRORS = {
    Reason.EXPIRED: {10},
    Reason.NOT_YET_VALID: {9},
    Reason.CHAIN_EXPIRED: {9, 10},
    Reason.SELF_SIGNED: {18},
    Reason.UNTRUSTED_ISSUER: {19},
    Reason.INCOMPLETE_CHAIN: {20, 21},
    Reason.WRONG_HOSTNAME: {62},
    Reason.WRONG_PURPOSE: {26},
    Reason.WEAK_CRYPTO: {66, 67, 68},
    Reason.REVOKED: {23},
    Reason.CHAIN_INVALID: {7, 14, 24, 25, 26, 34, 47, 48, 49, 79},
}
OUR_OWN_WORD = {
    "too-long.lab.example",  # OpenSSL would follow a hundred issuers
    "key-usage-empty.lab.example",  # OpenSSL says that there is no issuer (20)
}


@pytest.fixture(scope="module")
def curl() -> str:
    path = shutil.which("curl")
    if not path or "OpenSSL/" not in _run(path, "--version").stdout:
        pytest.skip("there is no curl here that is built on OpenSSL")
    return path


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True)


def _curl(curl: str, lab: Lab, case: Case, address: Address, *options: str) -> int:
    host, port = address
    there = ("--connect-to", f"{case.hostname}:443:{host}:{port}", f"https://{case.hostname}/")
    trust = ("--cacert", str(lab.ca_bundle))
    if case.reason is Reason.REVOKED and case.cert_status is None:
        trust += ("--crlfile", str(lab.ca_bundle))
    return _run(
        curl, "-q", "--silent", "--noproxy", "*", "--max-time", "4", *trust, *options, *there
    ).returncode


def _greeted(address: Address, context: ssl.SSLContext, sni: str | None) -> bytes | None:
    """The leaf that a handshake of the ssl module's gets to see, in DER."""
    with (
        socket.create_connection(address, timeout=5) as sock,
        context.wrap_socket(sock, server_hostname=sni) as tls,
    ):
        return tls.getpeercert(binary_form=True)


def _credulous() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _sceptical(lab: Lab, reason: Reason) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(lab.ca_bundle)
    context.hostname_checks_common_name = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if reason is Reason.REVOKED:
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


def test_curl_finds_what_each_case_says(lab: Lab, curl: str) -> None:
    asked = [case for case in lab.cases.values() if case.curl]
    with ThreadPoolExecutor(16) as pool:
        jobs = {
            case.hostname: [
                pool.submit(_curl, curl, lab, case, address) for address in case.askable
            ]
            for case in sorted(asked, key=lambda case: case.reason is not Reason.TIMEOUT)
        }
    found = {hostname: tuple(job.result() for job in each) for hostname, each in jobs.items()}
    assert found == {case.hostname: case.curl for case in asked}


@pytest.mark.parametrize("how", [RESET, ALERT])
@pytest.mark.parametrize("wanted", [False, True])
def test_curl_gets_no_answer_where_its_finished_is_not_taken(
    lab: Lab, curl: str, how: str, wanted: bool
) -> None:
    # Which number, that is a race between what comes back and curl's request: no case of the lab
    # can promise one.
    version = ssl.TLSVersion.TLSv1_3
    setup = wants_client(version, lab.ca_bundle) if wanted else only(version)
    address = shows(setup=setup, talk=leaves(how))(lab, "late.lab.example")
    case = Case("late.lab.example", Reason.HANDSHAKE_FAILED, "", (address,))
    assert _curl(curl, lab, case, address) in (52, 55, 56)


def test_curl_agrees_about_every_staple(lab: Lab, curl: str) -> None:
    cases = [case for case in lab.cases.values() if case.cert_status is not None]
    found = {
        case.hostname: _curl(curl, lab, case, case.addresses[0], "--cert-status") for case in cases
    }
    assert found == {case.hostname: case.cert_status for case in cases}


def test_every_difference_from_curl_has_its_reason(lab: Lab) -> None:
    for case in lab.cases.values():
        agrees = not case.curl or reasons.WORDS[case.reason].curl == case.curl[-1]
        assert agrees == (not case.differs), case.hostname


def test_every_difference_from_curl_has_its_row_in_the_documentation(lab: Lab) -> None:
    text = (Path(__file__).parents[2] / "docs" / "verdicts.md").read_text()
    section = text.partition("## Differences from curl")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    wanted = {
        f"| {case.about} | `{case.reason}` | {', '.join(map(str, case.curl))} | {case.differs} |"
        for case in lab.cases.values()
        if case.differs
    }
    assert set(rows[1:]) == wanted


def test_openssl_names_the_fault_that_leads(lab: Lab) -> None:
    for case in lab.cases.values():
        skipped = case.hostname in OUR_OWN_WORD or case.cert_status is not None
        if case.reason in VERIFY_ERRORS and not case.others and not skipped:
            with pytest.raises(ssl.SSLError) as caught:
                _greeted(case.addresses[0], _sceptical(lab, case.reason), case.hostname)
            assert getattr(caught.value, "verify_code", None) in VERIFY_ERRORS[case.reason], (
                case.hostname
            )


def test_every_reason_that_a_server_can_show_has_one(lab: Lab) -> None:
    assert {case.reason for case in lab.cases.values()} == set(Reason) - WITHOUT_A_SERVER


def test_every_name_is_reached_through_connect_to_only(lab: Lab) -> None:
    assert all(hostname.endswith(".lab.example") for hostname in lab.cases)
    assert lab.environ()["PADLOCK_CONNECT_TO"] == lab.connect_to()


def test_a_name_with_two_addresses_is_there_twice_in_order(lab: Lab) -> None:
    case = lab.cases["dead-first.lab.example"]
    entries = [
        entry for entry in lab.connect_to().split(",") if entry.startswith(f"{case.hostname}=")
    ]
    assert entries == [f"{case.hostname}={host}:{port}" for host, port in case.addresses]


def test_forbidden_names_have_no_expectation_of_curl(lab: Lab) -> None:
    for case in lab.cases.values():
        local = tuple(address for address in case.addresses if address[0] == "127.0.0.1")
        assert case.askable == local, case.hostname
        assert bool(case.curl) == (case.reason is not Reason.BLOCKED), case.hostname


def test_who_does_not_name_the_host_sees_another_certificate(lab: Lab) -> None:
    case = lab.cases["sni-only.lab.example"]
    see = functools.partial(_greeted, case.addresses[0], _credulous())
    assert see(None) == see("wrong.lab.example") != see(case.hostname)


@pytest.mark.parametrize("sni", [None, "wrong.lab.example"])
def test_who_does_not_name_the_host_gets_an_alert(lab: Lab, sni: str | None) -> None:
    with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        _greeted(lab.cases["sni-strict.lab.example"].addresses[0], _credulous(), sni)


def test_contacts_count_connections(lab: Lab) -> None:
    hostname = "silent.lab.example"
    before = lab.contacts(hostname)
    with socket.create_connection(lab.cases[hostname].addresses[0]):
        assert lab.contacts(hostname) == before + 1


def test_a_redirect_that_is_followed_is_seen(lab: Lab, curl: str) -> None:
    case = lab.cases["redirect.lab.example"]
    before = lab.contacts(LANDING)
    assert _curl(curl, lab, case, case.addresses[0]) == 0
    assert lab.contacts(LANDING) == before
    assert _curl(curl, lab, case, case.addresses[0], "--location") == 0
    assert lab.contacts(LANDING) == before + 1


@pytest.mark.parametrize("label", ODD_LEAVES)
def test_an_odd_certificate_is_shown_as_it_is(lab: Lab, label: str) -> None:
    hostname = f"{label}.lab.example"
    leaf = issue(hostname, issuer=lab.intermediate, **ODD_LEAVES[label])
    address = lab.serve(hostname, leaf, lab.intermediate)
    assert _greeted(address, _credulous(), hostname) == leaf.der


def test_a_chain_of_a_hundred_is_sent_whole(lab: Lab) -> None:
    extras = [issue_ca(f"Unrelated CA {number}") for number in range(100)]
    leaf = issue("long.lab.example", issuer=lab.intermediate)
    address = lab.serve("long.lab.example", leaf, *extras, lab.intermediate)
    assert _greeted(address, _sceptical(lab, Reason.OK), "long.lab.example") == leaf.der


def test_three_hundred_silent_connections_stop_nobody(lab: Lab) -> None:
    silent = lab.cases["silent.lab.example"]
    fine = lab.cases["ok.lab.example"]
    held = [socket.create_connection(silent.addresses[0]) for _ in range(300)]
    try:
        assert _greeted(fine.addresses[0], _sceptical(lab, Reason.OK), fine.hostname)
    finally:
        for sock in held:
            sock.close()


def test_no_key_is_left_in_the_folder(lab: Lab) -> None:
    assert list(lab.ca_bundle.parent.iterdir()) == [lab.ca_bundle]
    assert "PRIVATE KEY" not in lab.ca_bundle.read_text()


def test_closing_takes_no_time_and_leaves_nothing(tmp_path: Path) -> None:
    threads = threading.active_count()
    files = _open_files()
    with contextlib.ExitStack() as held:
        with running(tmp_path) as lab:
            for case in lab.cases.values():
                if case.curl and case.curl[-1] != 7 and case.askable[-1] != lab.dead:
                    held.enter_context(socket.create_connection(case.askable[-1]))
            closing_at = time.monotonic()
        assert time.monotonic() - closing_at < 1
    assert threading.active_count() <= threads
    assert _open_files() <= files


def _open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))
