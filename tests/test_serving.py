"""The site as gunicorn serves it, and visitors who mean it no good: real processes, real
sockets."""

import gzip
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from scripts.ports import free_port
from tests.conftest import PASSWORD

ROOT = Path(__file__).parent.parent
STYLES = "/static/vendor/tabler-1.6.1/tabler.min.css"
FORM = "application/x-www-form-urlencoded"


class Site:
    """A process that serves the site."""

    def __init__(self, database, log, descriptors=None):
        self.port = free_port()
        self.log = log
        environ = {"PATH": os.environ["PATH"], "PADLOCK_LISTEN": f"127.0.0.1:{self.port}"}
        environ |= {
            "PADLOCK_DATABASE_URL": database,
            "PADLOCK_SECRET_KEY": "x" * 32,
            "PADLOCK_SCHEDULER": "off",
        }
        limit = ["sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh"] if descriptors else []
        command = [*limit, sys.executable, "-m", "gunicorn", "wsgi:app"]
        with log.open("a") as stderr:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=stderr)
        while True:
            assert self.process.poll() is None, log.read_text()
            try:
                self.get("/healthz")
            except OSError:
                time.sleep(0.05)
            else:
                return

    def get(self, path, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.content = answer.read()
        connection.close()
        return answer

    def seconds(self, path, times=20):
        """How long this page takes, at the 95th percentile."""
        took = []
        for _ in range(times):
            began = time.monotonic()
            assert self.get(path).status == 200
            took.append(time.monotonic() - began)
        return sorted(took)[int(times * 0.95) - 1]

    def connect(self, request=b""):
        visitor = socket.socket()
        visitor.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        visitor.settimeout(60)
        visitor.connect(("127.0.0.1", self.port))
        visitor.sendall(request)
        return visitor

    def answers(self, request, *, then_close=True):
        """The status of the answer to these bytes; None where there is none."""
        with self.connect(request) as visitor:
            if then_close:
                visitor.shutdown(socket.SHUT_WR)
            answer = visitor.recv(65536)
        return int(answer.split(b" ", 2)[1]) if answer else None

    @property
    def worker(self):
        return int(
            Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
            .read_text()
            .split()[0]
        )

    def megabytes(self, which):
        return (
            int(re.search(rf"{which}:\s+(\d+)", Path(f"/proc/{self.worker}/status").read_text())[1])
            // 1024
        )

    def tracebacks(self):
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [
            line for line in lines if line["level"] in ("ERROR", "CRITICAL") or "traceback" in line
        ]


@pytest.fixture(scope="module")
def shared_site(first_file, tmp_path_factory):
    """One process for all tests that leave it as it was: each start takes seconds."""
    folder = tmp_path_factory.mktemp("shared")
    file = shutil.copy(first_file, folder / "padlock.sqlite3")
    site = Site(f"sqlite:///{file}", folder / "log")
    yield site
    site.process.terminate()
    site.process.wait(20)


@pytest.fixture
def site(shared_site):
    worker = shared_site.worker
    yield shared_site
    assert shared_site.worker == worker
    assert shared_site.tracebacks() == []


@pytest.fixture
def start(database, tmp_path):
    started = []

    def start(**options):
        started.append(Site(database, tmp_path / "log", **options))
        return started[-1]

    yield start
    for site in started:
        site.process.terminate()
        site.process.wait(20)
    for site in started:
        assert site.tracebacks() == []


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="asks Linux for the memory"
)


@needs_proc
def test_sixty_sign_ins_at_once_leave_the_site_to_others(start):
    site = start()
    idle = site.seconds("/healthz")
    form = requests.Session()
    page = form.get(f"http://127.0.0.1:{site.port}/sign-in", timeout=60).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    answers = []
    took = []

    def guess(number):
        fields = {"email": f"{number}@example.com", "password": "wrong", "csrf_token": token}
        began = time.monotonic()
        answer = requests.post(
            f"http://127.0.0.1:{site.port}/sign-in", fields, cookies=form.cookies, timeout=60
        )
        answers.append((answer.status_code, answer.headers.get("Retry-After")))
        took.append((answer.status_code, time.monotonic() - began))

    guesses = [threading.Thread(target=guess, args=(number,)) for number in range(60)]
    for thread in guesses:
        thread.start()
    during = site.seconds("/healthz", 40)
    for thread in guesses:
        thread.join()
    told = Counter(answers)
    assert set(told) <= {(422, None), (429, "300"), (429, None), (503, "2")}
    assert told[503, "2"] > 0 < told[422, None]
    assert during < max(20 * idle, 2)  # it was a minute; this machine may be busy
    assert site.megabytes("VmHWM") < 250


@pytest.mark.parametrize(
    "answered", ["POST /nope 404", "PUT /services 405", "POST /services 405", "POST /profile 302"]
)
def test_a_body_that_nobody_asked_for_is_not_read(site, answered):
    method, path, status = answered.split()
    body = b"a&" * 500_000
    headers = f"Host: x\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n"
    assert site.answers(f"{method} {path} HTTP/1.1\r\n{headers}".encode() + body) == int(status)
    assert site.answers(f"{method} {path} HTTP/1.1\r\n{headers}".encode()) == int(status)


def post(head, body=b""):
    return b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: " + head + b"\r\n\r\n" + body


CHUNKED = b"application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked"
PARTS = b"multipart/form-data; boundary=x\r\nContent-Length: "
part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
bomb = b'--x\r\nContent-Disposition: form-data; name="a"' + b"; a=b" * 12_000
BROKEN = {
    "a chunk whose size is no number": (post(CHUNKED, b"zz\r\na=b\r\n0\r\n\r\n"), 400),
    "a chunk without its end": (post(CHUNKED, b"3\r\na=bXX0\r\n\r\n"), 400),
    "a chunk that is cut off": (post(CHUNKED, b"30\r\na=b"), 400),
    "a negative chunk": (post(CHUNKED, b"-3\r\na=b\r\n0\r\n\r\n"), 400),
    "a megabyte in chunks": (
        post(CHUNKED, (b"4000\r\n" + b"a" * 0x4000 + b"\r\n") * 64),
        413,
    ),
    "a form that is cut off": (post(FORM.encode() + b"\r\nContent-Length: 300", b"a=b"), 400),
    "a length that is no number": (post(FORM.encode() + b"\r\nContent-Length: 3x", b"a=b"), 400),
    "two lengths": (
        post(FORM.encode() + b"\r\nContent-Length: 3\r\nContent-Length: 4", b"a=b"),
        400,
    ),
    "thousands of fields": (
        post(FORM.encode() + b"\r\nContent-Length: 60000", b"a&" * 30_000),
        413,
    ),
    "more than a form may have": (
        post(FORM.encode() + b"\r\nContent-Length: 70000", b"a" * 70_000),
        413,
    ),
    "thousands of parts": (post(PARTS + b"%d" % len(part * 1200), part * 1200), 413),
    "a part that is all header": (post(PARTS + b"%d" % len(bomb), bomb), 400),
    "no boundary": (post(b"multipart/form-data\r\nContent-Length: 3", b"a=b"), 400),
    "JSON": (post(b"application/json\r\nContent-Length: 2", b"[]"), 415),
    "an address of a megabyte": (
        b"GET /sign-in?" + b"a&" * 500_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        414,
    ),
    "thousands of parameters": (
        b"GET /sign-in?" + b"a&" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        414,
    ),
    "a cookie of a megabyte": (
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"a" * 1_000_000 + b"\r\n\r\n",
        431,
    ),
    "thousands of headers": (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 5000 + b"\r\n", 431),
    "no HTTP": (b"\x16\x03\x01\r\n\r\n", 400),
}


def test_what_is_broken_or_huge_is_refused_at_once_and_in_the_log_without_a_traceback(site):
    answers = {
        name: site.answers(request, then_close="cut off" in name)
        for name, (request, _) in BROKEN.items()
    }
    assert answers == {name: status for name, (_, status) in BROKEN.items()}
    assert site.get("/healthz").status == 200


def test_a_body_that_waits_to_be_asked_for_is_asked_for(site):
    with site.connect(
        post(FORM.encode() + b"\r\nContent-Length: 3\r\nExpect: 100-continue")
    ) as visitor:
        assert visitor.recv(100).startswith(b"HTTP/1.1 100 Continue")
        visitor.sendall(b"a=b")
        assert visitor.recv(100).startswith(b"HTTP/1.1 400 ")


def test_a_form_in_small_pieces_and_the_next_request_with_it_are_answered(site):
    request = (
        post(FORM.encode() + b"\r\nContent-Length: 3", b"a=b")
        + b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
    )
    with site.connect() as visitor:
        for at in range(len(request)):
            visitor.sendall(request[at : at + 1])
        visitor.sendall(b"Connection: close\r\n\r\n")
        answer = b"".join(iter(lambda: visitor.recv(65536), b""))
    assert re.findall(rb"HTTP/1.1 (\d+) ", answer) == [b"400", b"200"]


def test_eighty_visitors_who_never_end_a_request_hold_nobody_up(start):
    site = start(descriptors=64)
    worker = site.worker
    for request in (b"", b"GET / HT", post(FORM.encode() + b"\r\nContent-Length: 300", b"a")):
        visitors = [site.connect(request) for _ in range(80)]
        began = time.monotonic()
        assert [site.get(path).status for path in ("/healthz", "/sign-in", STYLES)] == [200] * 3
        assert time.monotonic() - began < 5, request  # their patience is ten seconds
        assert site.worker == worker, request
        for visitor in visitors:
            visitor.close()


WHOLE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        post(CHUNKED, b"5\r\na"),
        post(FORM.encode() + b"\r\nContent-Length: 9\r\nExpect: 100-continue"),
        WHOLE + b"GET / HT",
        WHOLE + b"\r\n\r\nGET / HT",
        post(FORM.encode() + b"\r\nContent-Length: 900000"),
    ],
)
def test_forty_visitors_whose_request_a_thread_would_wait_for_hold_nobody_up(site, request_):
    visitors = [site.connect(request_) for _ in range(40)]
    began = time.monotonic()
    assert [site.get(path).status for path in ("/healthz", "/sign-in")] == [200] * 2
    assert time.monotonic() - began < 5  # it was twenty seconds
    for visitor in visitors:
        visitor.close()


def test_visitors_who_come_and_send_while_others_are_closed_to_make_room_do_not_end_the_process(
    start,
):
    site = start(descriptors=64)
    worker = site.worker

    def flood():
        until = time.monotonic() + 4
        while time.monotonic() < until:
            visitors = [site.connect(b"G") for _ in range(12)]
            for visitor in visitors:
                with suppress(OSError), visitor:
                    visitor.sendall(b"ET / HT")

    floods = [threading.Thread(target=flood) for _ in range(8)]
    for thread in floods:
        thread.start()
    for thread in floods:
        thread.join()
    assert (site.get("/healthz").status, site.worker) == (200, worker)


def test_a_request_that_does_not_come_whole_is_told_so_in_time(site):
    began = time.monotonic()
    request = post(FORM.encode() + b"\r\nContent-Length: 300", b"a")
    assert site.answers(request, then_close=False) == 408
    assert site.answers(b"GET / HT", then_close=False) is None
    assert time.monotonic() - began < 60


def received(reader):
    """How many bytes this reader gets before the connection ends."""
    size = 0
    try:
        while data := reader.recv(65536):
            size += len(data)
    except ConnectionError:
        return size
    return size


def test_readers_who_read_nothing_hold_nobody_up_and_are_let_go(site):
    whole = len(site.get(STYLES).content)
    readers = [
        site.connect(f"GET {STYLES} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 12) for _ in range(18)
    ]
    began = time.monotonic()
    assert [site.get(path).status for path in ("/healthz", "/sign-in", STYLES)] == [200] * 3
    assert time.monotonic() - began < 5
    time.sleep(11)  # longer than the site's patience
    assert received(readers[0]) < 12 * whole
    for reader in readers:
        reader.close()


def test_a_slow_reader_who_reads_on_gets_it_all(site):
    whole = site.get(STYLES).content
    with site.connect(
        f"GET {STYLES} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    ) as reader:
        got = b""
        while data := reader.recv(16 * 1024):
            got += data
            time.sleep(0.005)
    assert got.partition(b"\r\n\r\n")[2] == whole


def test_a_style_sheet_is_sent_compressed_to_whom_takes_it(site):
    plain = site.get(STYLES)
    zipped = site.get(STYLES, **{"Accept-Encoding": "gzip, deflate, br"})
    assert gzip.decompress(zipped.content) == plain.content
    assert len(zipped.content) < len(plain.content) / 5
    assert (plain.headers["Content-Encoding"], zipped.headers["Content-Encoding"]) == (None, "gzip")
    assert all("Accept-Encoding" in answer.headers["Vary"] for answer in (plain, zipped))
    assert plain.headers["ETag"] != zipped.headers["ETag"]


@pytest.mark.sqlite("its file is cut short")
@pytest.mark.parametrize("size", ["0", "8192"])
def test_a_database_that_is_cut_short_while_it_is_read_does_not_end_the_process(
    start, database, size
):
    site = start()
    worker = site.worker
    there = f"http://127.0.0.1:{site.port}"
    ada = requests.Session()
    token = re.search(r'name="csrf_token" value="([^"]+)"', ada.get(f"{there}/sign-in").text)[1]
    ada.post(
        f"{there}/sign-in", {"email": "ada@example.com", "password": PASSWORD, "csrf_token": token}
    )
    assert ada.get(f"{there}/admin/services").status_code == 200
    subprocess.run(["truncate", f"--size={size}", database.removeprefix("sqlite:///")], check=True)
    # SQLite may know its pages still
    assert ada.get(f"{there}/admin/services").status_code in (200, 503)
    assert [site.get(path).status for path in ("/readyz", "/healthz")] == [503, 200]
    assert (site.worker, site.process.poll()) == (worker, None)
    site.log.write_text("")  # it says at length what is wrong
