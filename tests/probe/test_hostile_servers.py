"""What a hostile server may cost: it is read up to a limit, and the limit is told as ours."""

import asyncio
import random
import time
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID

from webapp.demo import behaviours
from webapp.demo.der import der, integer
from webapp.demo.pki import Identity, _time, days, extension, issue, issue_ca, name
from webapp.probe import ConnectTo, Note, Reason, check, diagnosis
from webapp.probe.der import BIT_STRING, NULL, SEQUENCE
from webapp.probe.effort import Effort
from webapp.probe.steps import AddressAsked
from webapp.words import diagnosis as diagnosis_words
from webapp.words import website

NAME = "hostile.lab.example"
HELLO_REQUEST = b"\0\0\0\0"
TOO_LONG = "goes on after the 512 kB, or the 1,000 pieces, that we read"


@pytest.fixture
def settings(lab_settings):
    """The engine's settings for servers at these addresses."""
    return lambda *where: replace(
        lab_settings, connect_to=tuple(ConnectTo(NAME, *one) for one in where)
    )


def record(content):
    return b"\x16\x03\x03" + len(content).to_bytes(2, "big") + content


def endless(piece, beginning=b""):
    async def behaviour(sock):
        await behaviours._client_hello(sock)
        await asyncio.get_running_loop().sock_sendall(sock, behaviours.TLS_1_2_HELLO + beginning)
        while True:
            await asyncio.get_running_loop().sock_sendall(sock, piece)

    return behaviour


@pytest.mark.parametrize(
    "behaviour",
    [
        endless(record(HELLO_REQUEST * 4096)),
        endless(record(HELLO_REQUEST) * 100),
        # A Certificate message of 100 kB, byte by byte
        endless(record(b"0") * 100, record(b"\x0b\x01\x8f\x00")),
    ],
)
def test_a_handshake_without_an_end_is_left_at_a_limit(lab, settings, behaviour):
    began = time.thread_time()
    finding = check(NAME, settings(lab.listen(NAME, behaviour)))
    assert time.thread_time() - began < 0.5
    assert (finding.reason, finding.notes, finding.curl) == (
        Reason.HANDSHAKE_FAILED,
        {Note.ENDED_BY_US},
        28,
    )
    assert TOO_LONG in finding.detail


def test_names_are_not_compared_with_constraints_without_end(lab, settings):
    dns = lambda text: der(0x82, text)  # noqa: E731 - a name of the kind dNSName
    tree = der(SEQUENCE, der(0xA1, der(SEQUENCE, dns(b"a")) * 900))
    names = dns(b"b") * 900
    san = extension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, der(SEQUENCE, names))
    also = [extension(ExtensionOID.NAME_CONSTRAINTS, tree), san]
    chain = [issue_ca("Unrelated Root 5")]
    for number in range(6):
        chain.insert(0, issue_ca(f"CA {number}", issuer=chain[0], extensions=also))
    leaf = issue(NAME, issuer=chain[0], san=der(SEQUENCE, dns(NAME.encode()), names))
    told = settings(lab.serve(NAME, leaf, *chain))
    spent = []
    for _ in range(2):  # what else runs on this core makes one of them slower
        began = time.thread_time()
        finding = check(NAME, told)
        spent.append(time.thread_time() - began)
    assert min(spent) < 0.5
    assert (finding.reason, finding.notes) == (Reason.HANDSHAKE_FAILED, {Note.ENDED_BY_US})
    assert "need more than 1,000,000 comparisons" in finding.detail


def costly_chain(hostname):
    """A leaf and nine issuers, each with a signature that takes ten milliseconds to verify: an RSA
    exponent of 3,000 bits."""
    modulus, exponent = (
        integer(random.getrandbits(bits) | 1 << bits - 1 | 1) for bits in (3072, 3000)
    )
    algorithm = der(SEQUENCE, bytes.fromhex("06092a864886f70d01010b"), der(NULL))
    kind = der(SEQUENCE, bytes.fromhex("06092a864886f70d010101"), der(NULL))
    costly = der(SEQUENCE, kind, der(BIT_STRING, b"\0", der(SEQUENCE, modulus, exponent)))
    signature = der(BIT_STRING, b"\0", b"\x5a" * 384)
    authority = extension(
        ExtensionOID.BASIC_CONSTRAINTS, bytes.fromhex("30030101ff"), critical=True
    )
    leaf = issue(hostname)
    own = leaf.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def issued(place):
        key = costly if place else own
        dates = der(SEQUENCE, _time(days(-1)), _time(days(9)))
        head = (
            der(0xA0, integer(2)),
            integer(place + 1),
            algorithm,
            name(cn=f"Level {place + 1}"),
            dates,
        )
        content = der(
            SEQUENCE, *head, name(cn=f"Level {place}"), key, der(0xA3, der(SEQUENCE, authority))
        )
        return Identity(der(SEQUENCE, content, algorithm, signature), leaf.key, b"")

    return [issued(place) for place in range(10)]


def test_a_diagnosis_of_many_costly_servers_stops_early_and_says_so(lab, settings, monkeypatch):
    efforts = []
    monkeypatch.setattr(
        diagnosis, "Effort", lambda seconds: efforts.append(Effort(0.1)) or efforts[-1]
    )
    chain = costly_chain(NAME)
    where = [lab.serve(NAME, *chain) for _ in range(8)]
    *steps, verdict = diagnosis.diagnose(NAME, settings(*where), aliases=lambda *_: ())
    looks = [step.finding.reason for step in steps if isinstance(step, AddressAsked)]
    assert set(looks) == {verdict.finding.reason, Reason.MONITOR_ERROR}
    assert efforts[0].spent < 0.1 + 0.4
    assert (verdict.cut_short, verdict.odd) == (True, ())
    assert website.cut_short() in diagnosis_words.tell(verdict, staff=False).notes


def test_an_honest_diagnosis_is_not_cut_short(lab, lab_settings):
    *_, verdict = diagnosis.diagnose("ok.lab.example", lab_settings, aliases=lambda *_: ())
    assert not verdict.cut_short
