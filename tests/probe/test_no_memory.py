"""Memory that is short on our side is never held against a certificate."""

import socket

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from webapp.probe import Reason, State, certificate, check, staple, trust_store


def no_memory(*_arguments):
    raise MemoryError


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
    [(certificate, "read"), (certificate, "take_apart"), (trust_store, "trust"), (socket, "socket")],
)
@pytest.mark.parametrize("label", ["ok", "expired"])
def test_a_check_without_memory_failed_on_our_side(lab, lab_settings, monkeypatch, owner, call, label):
    monkeypatch.setattr(owner, call, no_memory)
    finding = check(f"{label}.lab.example", lab_settings)
    assert (finding.state, finding.reason) == (State.UNKNOWN, Reason.MONITOR_ERROR)
    assert finding.certificate is None
