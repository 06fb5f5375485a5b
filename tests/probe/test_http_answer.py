"""One HTTP answer at a vetted address: bounded whatever the server does, and nothing followed."""

import asyncio
import threading
import time
from functools import partial

import pytest

from webapp.demo.behaviours import http_answer as page
from webapp.demo.behaviours import https, says, silent
from webapp.demo.pki import issue
from webapp.probe.address import Endpoint
from webapp.probe.certificate import read
from webapp.probe.deadline import Deadline
from webapp.probe.http_answer import ask
from webapp.probe.steps import Failure

NAME = "odd-http.lab.example"


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


async def continues_for_ever(sock):
    loop = asyncio.get_running_loop()
    while True:
        await loop.sock_sendall(sock, b"HTTP/1.1 100 Continue\r\n\r\n" * 10)
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("behaviour", [drips_headers, continues_for_ever, silent])
def test_a_server_that_never_ends_is_left_at_the_deadline(asked, behaviour):
    threads, began = threading.active_count(), time.monotonic()
    assert asked(behaviour, 0.5).failure is Failure.TIMEOUT
    assert time.monotonic() - began < 3
    assert threading.active_count() <= threads


@pytest.mark.parametrize(
    "bytes_",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
    ],
)
def test_what_is_no_answer_or_too_much_of_one_is_broken(asked, bytes_):
    assert asked(says(bytes_)).failure is Failure.BROKEN


def test_the_body_of_a_redirect_is_not_read(asked):
    head = b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 1000000000\r\n\r\n"
    answer = asked(says(head + b"a" * 1000), seconds=5)
    assert (answer.status, answer.to_https, answer.location) == (302, True, "https://elsewhere.example/")
    assert answer.seconds < 2


def test_hostile_headers_are_cleaned_and_cut(asked):
    answer = asked(says(page("301 \x1b[31mred", f"Location: javascript:alert(1)//\u202e{'a' * 5000}")))
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
    [("CF-RAY: 1", "Cloudflare"), ("X-Served-By: cache-fra-1", "Fastly"), ("X-Served-By: web-1", "")],
)
def test_a_network_in_between_gives_itself_away(lab, header, edge):
    leaf = issue(NAME, issuer=lab.intermediate)
    host, port = lab.serve(NAME, leaf, talk=partial(https, answer=page("200 OK", header)))
    assert ask(NAME, Endpoint(host, port), Deadline(2), read(leaf.der).fingerprint).edge == edge


def test_the_environment_changes_nothing(asked, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert asked(says(page("204 No Content"))).status == 204
