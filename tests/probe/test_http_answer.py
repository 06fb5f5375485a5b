"""One HTTP answer at a vetted address: bounded whatever the server does, and nothing followed."""

import asyncio
import itertools
import socket
import subprocess
import threading
import time
from functools import partial

import pytest

from tests.demo.test_lab import curl  # noqa: F401 - a fixture
from webapp.demo.behaviours import EARLY_HINTS, PREFACE, https, says, silent
from webapp.demo.behaviours import http_answer as page
from webapp.demo.pki import issue
from webapp.probe import http_answer, http_head
from webapp.probe.address import Endpoint
from webapp.probe.certificate import read
from webapp.probe.curl import FAILURES
from webapp.probe.deadline import Deadline
from webapp.probe.http_answer import ask
from webapp.probe.steps import Failure

NAME = "odd-http.lab.example"
OK = page("200 OK", "Server: lab")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
INTERIM_300_KB = b"HTTP/1.1 103 Early Hints\r\nX: " + b"y" * 300_000 + b"\r\n\r\n"
HALF = INTERIM_300_KB[:150_000]


@pytest.fixture
def asked(lab):
    """The answer of a server that behaves like this, asked in plain HTTP, for so long."""

    def asked(behaviour, seconds=5):
        host, port = lab.listen(NAME, behaviour)
        return ask(NAME, Endpoint(host, port), Deadline(seconds))

    return asked


async def drips_headers(sock):
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, b"HTTP/1.1 200 OK\r\n")
    while True:
        await loop.sock_sendall(sock, b"X-More: a\r\n")
        await asyncio.sleep(0.3)


async def drips_interim_bytes(sock):
    loop = asyncio.get_running_loop()
    for byte in itertools.cycle(CONTINUE):
        await loop.sock_sendall(sock, bytes((byte,)))
        await asyncio.sleep(0.01)


def without_end(piece):
    """A server that sends this as fast as it can, for as long as it is read."""

    async def behaviour(sock):
        while True:
            await asyncio.get_running_loop().sock_sendall(sock, piece * 100)

    return behaviour


@pytest.mark.parametrize("behaviour", [drips_headers, drips_interim_bytes, silent])
def test_a_server_that_never_ends_is_left_at_the_deadline(asked, behaviour):
    threads = threading.active_count()
    began = time.monotonic()
    assert asked(behaviour, 0.5).failure is Failure.TIMEOUT
    assert time.monotonic() - began < 3
    assert threading.active_count() <= threads


@pytest.fixture(params=["http", "https"])
def answered(lab, asked, request):
    """What is made of these bytes, sent in answer to a request, in plain HTTP and over TLS."""

    def answered(bytes_):
        if request.param == "http":
            return asked(ends_after(bytes_))
        leaf = issue(NAME, issuer=lab.intermediate)
        where = Endpoint(*lab.serve(NAME, leaf, talk=partial(https, answer=bytes_)))
        return ask(NAME, where, Deadline(5), read(leaf.der).fingerprint)

    return answered


def ends_after(bytes_):
    async def behaviour(sock):
        loop = asyncio.get_running_loop()
        await loop.sock_recv(sock, 65536)
        await loop.sock_sendall(sock, bytes_)
        sock.shutdown(socket.SHUT_WR)
        await silent(sock)

    return behaviour


ANSWERS = {
    "early hints": (EARLY_HINTS + OK, 200),
    "100": (CONTINUE + OK, 200),
    "102": (b"HTTP/1.1 102 Processing\r\n\r\n" + OK, 200),
    "different ones": (CONTINUE + EARLY_HINTS + CONTINUE + OK, 200),
    "64 of them": (EARLY_HINTS * 32 + CONTINUE * 32 + OK, 200),
    "a line of 200 kB": (page("200 OK", "X: " + "y" * 200_000, "Server: lab"), 200),
    "10,000 small headers": (
        page("200 OK", *[f"X-{n}: y" for n in range(10_000)], "Server: lab"),
        200,
    ),
    "bare LF": (OK.replace(b"\r\n", b"\n"), 200),
    "no phrase": (OK.replace(b" OK", b""), 200),
    "two spaces": (OK.replace(b" 200", b"  200"), 200),
    "lower case": (OK.replace(b"HTTP", b"http"), 200),
    "HTTP/1.0": (OK.replace(b"1.1", b"1.0"), 200),
    "HTTP/2.0": (OK.replace(b"1.1", b"2.0"), 200),
    "999": (page("999 Request denied", "Server: lab"), 999),
    "negative length": (page("200 OK", "Server: lab").replace(b"Length: 0", b"Length: -5"), 200),
    "two lengths": (page("200 OK", "Content-Length: 6", "Server: lab"), 200),
    "length and chunks": (page("200 OK", "Transfer-Encoding: chunked", "Server: lab"), 200),
    "another encoding": (page("200 OK", "Transfer-Encoding: identity", "Server: lab"), 200),
    "folded": (
        page("200 OK", "X: a", "  Server: other", "Server: la", "\tb").replace(
            b"la\r\n\tb", b"lab"
        ),
        200,
    ),
    "folded at once": (page("200 OK", "Server: lab").replace(b"OK\r\n", b"OK\r\n  lost\r\n"), 200),
    "no colon": (page("200 OK", "nonsense", "Server: lab"), 200),
    "space before the colon": (page("200 OK", "Server : lab"), 200),
    "endless body": (page("200 OK", "Server: lab", body="\0" * 400_000), 200),
}


@pytest.mark.parametrize(("bytes_", "status"), ANSWERS.values(), ids=ANSWERS)
def test_what_a_browser_reads_is_an_answer(answered, bytes_, status):
    answer = answered(bytes_)
    assert (answer.status, answer.server, answer.failure) == (status, "lab", None)


NOT_ANSWERS = {
    "65 interim answers": (EARLY_HINTS * 65 + OK, Failure.TOO_MANY_INTERIM),
    "interim headers of 300 kB": (INTERIM_300_KB + OK, Failure.HEADERS_TOO_LARGE),
    "interim and own headers": (HALF + b"\r\n\r\n" + HALF + b"\r\n\r\n", Failure.HEADERS_TOO_LARGE),
    "a line of 300 kB": (page("200 OK", "X: " + "y" * 300_000), Failure.HEADERS_TOO_LARGE),
    "a status line of 300 kB": (page("200 " + "y" * 300_000), Failure.HEADERS_TOO_LARGE),
    "40,000 small headers": (
        page("200 OK", *[f"X-{n}: y" for n in range(40_000)]),
        Failure.HEADERS_TOO_LARGE,
    ),
    "300 kB of folds": (page("200 OK", "X: y", *["  y"] * 60_000), Failure.HEADERS_TOO_LARGE),
    "nothing": (b"", Failure.EMPTY),
    "interim only": (EARLY_HINTS, Failure.EMPTY),
    "half a status line": (b"HTTP/1.1 20", Failure.EMPTY),
    "half its headers": (b"HTTP/1.1 200 OK\r\nServer: lab\r\n", Failure.BROKEN),
    "bare CR": (OK.replace(b"\r\n", b"\r"), Failure.EMPTY),
    "101": (page("101 Switching Protocols"), Failure.BROKEN),
    "SSH": (b"SSH-2.0-OpenSSH_9.6\r\n", Failure.NOT_HTTP),
    "HTTP/0.9": (b"<html>hello</html>\n", Failure.NOT_HTTP),
    "HTTP/0.9 in words": (OK.replace(b"1.1", b"0.9"), Failure.NOT_HTTP),
    "interim and a stray line": (CONTINUE + b"\r\n" + OK, Failure.NOT_HTTP),
    "the preface of HTTP/2": (PREFACE, Failure.NOT_HTTP),
    "a frame of HTTP/2": (bytes.fromhex("000000040000000000"), Failure.NOT_HTTP),
    "letters": (b"HTTP/1.1 two hundred\r\n\r\n", Failure.NOT_HTTP),
    "42": (page("42 Answer"), Failure.NOT_HTTP),
    "1000": (page("1000 Answers"), Failure.NOT_HTTP),
    "000": (page("000 Nothing"), Failure.NOT_HTTP),
    "negative": (page("-200 OK"), Failure.NOT_HTTP),
    "NUL in a value": (page("200 OK", "X: a\0b"), Failure.BAD_HEADER),
    "NUL in a name": (page("200 OK", "X\0Y: a"), Failure.BAD_HEADER),
    "NUL in the phrase": (page("200 O\0K"), Failure.BAD_HEADER),
    "NUL in an interim answer": (b"HTTP/1.1 103 E\0\r\n\r\n" + OK, Failure.BAD_HEADER),
}


@pytest.mark.parametrize(("bytes_", "failure"), NOT_ANSWERS.values(), ids=NOT_ANSWERS)
def test_what_a_browser_refuses_is_said_as_what_it_is(answered, bytes_, failure):
    answer = answered(bytes_)
    assert (answer.failure, answer.status) == (failure, None)
    assert answer.seconds < 2


@pytest.mark.parametrize("start", [b"\x00\x00\x12", b"SSH-2.0", b"<"])
def test_what_is_no_http_is_not_waited_for(asked, start):
    answer = asked(says(start))
    assert (answer.failure, answer.seconds < 2) == (Failure.NOT_HTTP, True)


@pytest.mark.parametrize("piece", [CONTINUE, EARLY_HINTS])
def test_interim_answers_without_end_are_left_after_64(asked, piece):
    assert asked(without_end(piece)).failure is Failure.TOO_MANY_INTERIM


@pytest.mark.parametrize("piece", [b"y", b"\r\nX: y", b"\r\n  y"])
def test_headers_without_end_are_left_at_256_kb(asked, piece):
    async def behaviour(sock):
        await asyncio.get_running_loop().sock_sendall(sock, b"HTTP/1.1 200 OK\r\nX: ")
        await without_end(piece)(sock)

    assert asked(behaviour).failure is Failure.HEADERS_TOO_LARGE


def test_reading_ends_when_it_has_cost_too_much(asked, monkeypatch):
    monkeypatch.setattr(http_head, "MOST_INTERIM", 10**9)
    monkeypatch.setattr(http_head, "MOST_BYTES", 10**12)
    began = time.thread_time()
    assert asked(without_end(CONTINUE), 60).failure is Failure.TOO_MUCH_WORK
    assert 0.4 < time.thread_time() - began < 1


def test_tls_records_without_data_are_not_read_for_ever(lab, monkeypatch):
    monkeypatch.setattr(http_answer, "MOST_CPU_SECONDS", 0.1)
    leaf = issue(NAME, issuer=lab.intermediate)

    def tickets(context):
        context.num_tickets = 10**6

    where = Endpoint(*lab.serve(NAME, leaf, setup=tickets))
    began = time.thread_time()
    assert (
        ask(NAME, where, Deadline(30), read(leaf.der).fingerprint).failure is Failure.TOO_MUCH_WORK
    )
    assert time.thread_time() - began < 0.5


def _curled(lab, curl, bytes_):  # noqa: F811
    """The number with which curl ends, and the status that it made out."""
    host, port = lab.listen(NAME, ends_after(bytes_))
    quiet = ("-q", "--silent", "--noproxy", "*", "--max-time", "4", "--output", "/dev/null")
    ran = subprocess.run(
        [curl, *quiet, "--write-out", "%{http_code}", f"http://{host}:{port}/"],
        capture_output=True,
        text=True,
    )
    return ran.returncode, ran.stdout


# The others depend on curl's version
ONE_NUMBER = {Failure.EMPTY, Failure.NOT_HTTP, Failure.BAD_HEADER}


@pytest.mark.parametrize(
    "label", [label for label, (_, failure) in NOT_ANSWERS.items() if failure in ONE_NUMBER]
)
def test_curl_ends_with_the_number_that_is_predicted(lab, curl, label):  # noqa: F811
    bytes_, failure = NOT_ANSWERS[label]
    assert _curled(lab, curl, bytes_)[0] == FAILURES[failure]


@pytest.mark.parametrize("interim", [CONTINUE, EARLY_HINTS, CONTINUE + EARLY_HINTS * 63])
def test_curl_passes_over_interim_answers_too(lab, curl, interim):  # noqa: F811
    assert _curled(lab, curl, interim + OK) == (0, "200")


def test_the_body_of_a_redirect_is_not_read(asked):
    head = (
        b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\n"
        b"Content-Length: 1000000000\r\n\r\n"
    )
    answer = asked(says(head + b"a" * 1000), seconds=5)
    assert (answer.status, answer.to_https, answer.location) == (
        302,
        True,
        "https://elsewhere.example/",
    )
    assert answer.seconds < 2


def test_hostile_headers_are_cleaned_and_cut(asked):
    answer = asked(
        says(page("301 \x1b[31mred", f"Location: javascript:alert(1)//\u202e{'a' * 5000}"))
    )
    assert answer.location.startswith("javascript:alert(1)//")
    assert len(answer.location) <= 500
    assert "\x1b" not in answer.phrase
    assert not answer.to_https


def test_a_closed_port_is_refused(lab):
    host, port = lab.refuse(NAME)
    assert ask(NAME, Endpoint(host, port), Deadline(1)).failure is Failure.REFUSED


def test_another_certificate_than_the_judged_one_is_told(lab):
    shown = issue(NAME, issuer=lab.intermediate)
    host, port = lab.serve(NAME, shown, lab.intermediate)
    where = Endpoint(host, port)
    assert ask(NAME, where, Deadline(2), read(shown.der).fingerprint).status == 200
    assert ask(NAME, where, Deadline(2), "ab" * 32).failure is Failure.OTHER_CERTIFICATE


@pytest.mark.parametrize(
    ("header", "edge"),
    [
        ("CF-RAY: 1", "Cloudflare"),
        ("X-Served-By: cache-fra-1", "Fastly"),
        ("X-Served-By: web-1", ""),
    ],
)
def test_a_network_in_between_gives_itself_away(lab, header, edge):
    leaf = issue(NAME, issuer=lab.intermediate)
    host, port = lab.serve(NAME, leaf, talk=partial(https, answer=page("200 OK", header)))
    assert ask(NAME, Endpoint(host, port), Deadline(2), read(leaf.der).fingerprint).edge == edge


def test_the_environment_changes_nothing(asked, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert asked(says(page("204 No Content"))).status == 204
