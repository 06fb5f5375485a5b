"""Memory that is short on our side is never held against a certificate."""

import socket
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.exceptions import InternalError
from cryptography.x509 import ocsp
from OpenSSL import SSL

from webapp.probe import Reason, State, certificate, check, curl, staple, trust_store


def no_memory(*_arguments):
    raise MemoryError


# ERR_R_MALLOC_FAILURE, as cryptography tells of it
OUT_OF_MEMORY = SimpleNamespace(lib=20, reason=0xC0100)
UNKNOWN_KEY = SimpleNamespace(lib=6, reason=156)  # EVP_R_UNSUPPORTED_ALGORITHM


@pytest.mark.parametrize(
    ("codes", "ours"), [([OUT_OF_MEMORY], True), ([], True), ([UNKNOWN_KEY], False)]
)
def test_an_error_inside_cryptography_is_ours_where_there_was_no_memory(
    monkeypatch, now, codes, ours
):
    def fails(*_arguments):
        raise InternalError("Unknown OpenSSL error", codes)

    monkeypatch.setattr(x509, "load_der_x509_certificate", fails)
    monkeypatch.setattr(ocsp, "load_der_ocsp_response", fails)
    for read in (
        lambda: certificate.is_signed_by(b"", b""),
        lambda: staple.read(b"", b"", None, now),
    ):
        with pytest.raises(MemoryError) if ours else nullcontext():
            read()


def test_a_signature_that_cannot_be_verified_for_want_of_memory_is_not_a_bad_one(monkeypatch):
    monkeypatch.setattr(x509, "load_der_x509_certificate", no_memory)
    with pytest.raises(MemoryError):
        certificate.is_signed_by(b"", b"")


def test_a_staple_that_cannot_be_read_for_want_of_memory_is_not_unreadable(monkeypatch, now):
    monkeypatch.setattr(ocsp, "load_der_ocsp_response", no_memory)
    with pytest.raises(MemoryError):
        staple.read(b"", b"", None, now)


@pytest.mark.parametrize(
    ("owner", "call"),
    [
        (certificate, "read"),
        (curl, "of_contact"),
        (trust_store, "trust"),
        (socket, "socket"),
        (SSL, "Connection"),
    ],
)
@pytest.mark.parametrize("label", ["ok", "expired"])
def test_a_check_without_memory_failed_on_our_side(
    lab, lab_settings, monkeypatch, owner, call, label
):
    monkeypatch.setattr(owner, call, no_memory)
    finding = check(f"{label}.lab.example", lab_settings)
    assert (finding.state, finding.reason) == (State.UNKNOWN, Reason.MONITOR_ERROR)
    assert finding.certificate is None


def test_a_handshake_without_memory_for_the_name_failed_on_our_side(lab, lab_settings, monkeypatch):
    monkeypatch.setattr(
        SSL.Connection, "set_tlsext_host_name", lambda *_: None
    )  # OpenSSL says nothing, and neither does pyOpenSSL
    assert check("ok.lab.example", lab_settings).reason is Reason.MONITOR_ERROR


def test_no_memory_while_openssl_verifies_is_no_fault_of_the_certificate(
    lab, lab_settings, monkeypatch
):
    monkeypatch.setattr(trust_store, "_record_error", no_memory)
    finding = check("expired.lab.example", lab_settings)
    assert (finding.reason, finding.certificate) == (Reason.MONITOR_ERROR, None)
