"""How a handshake ends, and what goes out in its first message."""

import asyncio
import contextlib
import ssl
from dataclasses import replace
from types import SimpleNamespace

import pytest
from cryptography import x509
from OpenSSL import SSL
from OpenSSL._util import lib

from webapp.demo.endings import ALERT, HANG_UP, RESET, leaves
from webapp.demo.pki import issue
from webapp.demo.servers import does, only, shows, wants_client
from webapp.probe import ConnectTo, Note, Reason, check, handshake_io, trust_store

TLS_1_2 = ssl.TLSVersion.TLSv1_2
TLS_1_3 = ssl.TLSVersion.TLSv1_3
SERVER_NAME = 0
SUPPORTED_GROUPS = 10
KEY_SHARE = 51
X25519 = 0x001D
X25519MLKEM768 = 0x11EC


@pytest.fixture
def ask(lab, lab_settings):
    """The finding at a server that is started for it."""

    def asked(server, name="server.lab.example"):
        address, port = server(lab, name)
        return check(name, replace(lab_settings, connect_to=(ConnectTo("*", address, port),)))

    return asked


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize("how", [RESET, HANG_UP, ALERT])
def test_a_server_that_does_not_take_our_finished_is_not_valid(ask, version, how):
    finding = ask(shows(setup=only(version), talk=leaves(how)))
    assert finding.reason is Reason.HANDSHAKE_FAILED
    assert finding.certificate.issuer == "Padlock Lab CA 1, Padlock Lab"
    assert ("the server sent alert 20" in finding.detail) is (how == ALERT)


def test_an_alert_counts_with_something_behind_it(ask):
    close_notify = b"\x17\x03\x03\x00\x13" + bytes(19)  # as long as one that is encrypted
    finding = ask(shows(setup=only(TLS_1_3), talk=leaves(ALERT, after=close_notify)))
    assert finding.reason is Reason.HANDSHAKE_FAILED


@pytest.mark.parametrize(("version", "records"), [(TLS_1_2, 2), (TLS_1_3, 4)])
@pytest.mark.parametrize("how", [RESET, HANG_UP])
def test_a_server_that_leaves_after_its_certificate_is_not_valid(ask, version, records, how):
    finding = ask(shows(setup=only(version), talk=leaves(how, records=records)))
    assert finding.reason is Reason.HANDSHAKE_FAILED
    assert finding.certificate.not_after is not None


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize("how", [RESET, HANG_UP, ALERT])
def test_only_an_alert_turns_away_who_has_no_client_certificate(lab, ask, version, how):
    finding = ask(shows(setup=wants_client(version, lab.ca_bundle), talk=leaves(how)))
    assert finding.reason is (Reason.OK if how == ALERT else Reason.HANDSHAKE_FAILED)
    assert finding.notes == {Note.CLIENT_CERTIFICATE_WANTED}


def test_a_server_that_says_nothing_after_our_finished_waits_for_a_request(ask):
    def without_tickets(context):
        only(TLS_1_3)(context)
        context.num_tickets = 0

    finding = ask(shows(setup=without_tickets))
    assert finding.reason is Reason.OK
    assert finding.elapsed_seconds < 1


def test_a_server_without_secure_renegotiation_is_judged_by_its_certificate(lab, lab_settings):
    finding = check("no-secure-renegotiation.lab.example", lab_settings)
    assert (finding.reason, finding.tls_version) == (Reason.OK, "TLSv1.2")
    assert finding.notes == {Note.NO_SECURE_RENEGOTIATION}


def test_what_our_side_declines_is_told_as_ours(lab_settings):
    finding = check("oversized.lab.example", lab_settings)
    assert (
        "our side ended it: a message, most often its certificates, is larger than the 100 kB that"
        " we read" in finding.detail
    )
    assert finding.notes == {Note.ENDED_BY_US}


def test_dates_that_cannot_be_read_are_no_weak_cryptography(lab_settings):
    finding = check("no-seconds.lab.example", lab_settings)
    assert finding.reason is Reason.CHAIN_INVALID
    assert "its dates cannot be read" in finding.detail


def test_no_memory_is_our_own_fault(monkeypatch, lab_settings):
    def fails(ssl):
        lib.ERR_put_error(20, 0, 0xC0100, b"", 0)
        return -1

    names = ("SSL_do_handshake", *(name for name in dir(lib) if name != "SSL_do_handshake"))
    changed = SimpleNamespace(
        **{name: getattr(lib, name) for name in names} | {"SSL_do_handshake": fails}
    )
    monkeypatch.setattr(handshake_io, "lib", changed)
    assert check("ok.lab.example", lab_settings).reason is Reason.MONITOR_ERROR


# --- the ClientHello ---


@pytest.fixture
def client_hello(ask):
    """What goes out first to a server of this name: the message, and its extensions by number."""

    def sent(name):
        came = []

        async def keeps(sock):
            came.append(await asyncio.get_running_loop().sock_recv(sock, 65536))

        assert ask(does(keeps), name).reason is Reason.HANDSHAKE_FAILED
        message = came[0][5:]
        return message, dict(_extensions(message))

    return sent


def _extensions(message):
    at = 4 + 2 + 32
    at += 1 + message[at]
    at += 2 + int.from_bytes(message[at : at + 2], "big")
    at += 1 + message[at] + 2
    while at < len(message):
        kind, size = (int.from_bytes(message[at + n : at + n + 2], "big") for n in (0, 2))
        yield kind, message[at + 4 : at + 4 + size]
        at += 4 + size


@pytest.mark.parametrize("length", [4, 14, 63, 100, 181, 230, 253])
def test_no_client_hello_is_as_long_as_some_load_balancers_never_answer(client_hello, length):
    name = "a." + (("." + "a" * 59) * 5)[2 - length :]
    assert len(name) == length
    message, extensions = client_hello(name)
    assert name.encode() in extensions[SERVER_NAME]
    assert not 256 <= len(message) <= 511


def test_a_post_quantum_group_is_offered_without_a_key_share(client_hello):
    _, extensions = client_hello("hello.lab.example")
    groups = extensions[SUPPORTED_GROUPS][2:]
    shares = extensions[KEY_SHARE][2:]
    assert X25519MLKEM768.to_bytes(2, "big") == groups[-2:]
    assert (int.from_bytes(shares[:2], "big"), len(shares)) == (X25519, 4 + 32)


def test_a_server_that_takes_a_post_quantum_group_only_is_valid(lab, ask):
    assert ask(lambda lab, name: lab.listen(name, _post_quantum(lab, name))).reason is Reason.OK


def test_an_openssl_that_knows_no_post_quantum_group_offers_the_others(
    monkeypatch, lab, lab_settings
):
    monkeypatch.setattr(trust_store, "_GROUPS", b"X25519:NoSuchGroup")
    assert trust_store.load(lab.ca_bundle)


def _post_quantum(lab, name):
    """The ssl module of this Python may know no such group; the library that we ask with does."""
    leaf = issue(name, issuer=lab.intermediate)
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_privatekey(leaf.key)
    context.use_certificate(x509.load_der_x509_certificate(leaf.der))
    context.add_extra_chain_cert(x509.load_der_x509_certificate(lab.intermediate.der))
    assert lib.SSL_CTX_set1_curves_list(context._context, b"X25519MLKEM768") == 1

    async def behaviour(sock):
        loop = asyncio.get_running_loop()
        tls = SSL.Connection(context)
        tls.set_accept_state()
        while received := await loop.sock_recv(sock, 65536):
            tls.bio_write(received)
            with contextlib.suppress(SSL.WantReadError):
                tls.do_handshake()
            with contextlib.suppress(SSL.WantReadError):
                await loop.sock_sendall(sock, tls.bio_read(65536))

    return behaviour
