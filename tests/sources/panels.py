"""Billing systems as their documentation says they behave, on loopback."""

import base64
import json
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

PLANTED = "planted-Pa55word"  # stands wherever a panel sends a secret along
SECRET = "our-own-s3cret"


@dataclass
class Asked:
    method: str
    path: str
    fields: dict
    headers: dict
    call: int  # the number of this call, from 1


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict = field(default_factory=dict)
    pieces: tuple = ()  # sent instead of the body, each a second after the other
    cut: bool = False  # the connection is closed in the middle of the body


def as_json(found, status=200, **headers):
    return Answer(
        json.dumps(found).encode(), status, {"Content-Type": "application/json", **headers}
    )


def page(status=200):
    return Answer(b"<!DOCTYPE html><title>Log in</title>" + PLANTED.encode(), status)


class Panel:
    """A server; `trap` may answer a call otherwise than it would."""

    def __init__(self):
        self.calls = 0
        self.trap = lambda asked: None
        self.asked = []

    def answer(self, asked):
        raise NotImplementedError

    @contextmanager
    def running(self, context: ssl.SSLContext | None = None):
        panel = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers.get("Content-Length") or 0)
                self.serve(dict(parse_qsl(self.rfile.read(length).decode(), True)))

            def do_GET(self):
                self.serve({})

            def serve(self, form):
                panel.calls += 1
                parts = urlsplit(self.path)
                fields = dict(parse_qsl(parts.query, True)) | form
                asked = Asked(self.command, parts.path, fields, dict(self.headers), panel.calls)
                panel.asked.append(asked)
                answer = panel.trap(asked) or panel.answer(asked)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                length = sum(map(len, answer.pieces)) or len(answer.body)
                self.send_header("Content-Length", str(length + answer.cut))
                self.end_headers()
                try:
                    for piece in answer.pieces:
                        self.wfile.write(piece)
                        time.sleep(1)
                    self.wfile.write(answer.body)
                except OSError:
                    self.close_connection = True
                if answer.cut:
                    self.close_connection = True

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass  # who asked has gone

        server = Server(("127.0.0.1", 0), Handler)
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        self.port = server.server_address[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


class Whmcs(Panel):
    """The external API of WHMCS, as docs of 2026 have it."""

    most = 100  # rows of a page, whatever is asked for

    def __init__(self):
        super().__init__()
        self.credentials = {"identifier": "our-identifier", "secret": SECRET}
        self.clients = []
        self.services = []
        self.domains = []
        self.products = [{"pid": "3", "type": "hostingaccount"}, {"pid": "9", "type": "other"}]
        self.refused = {}  # calls with their error message

    def answer(self, asked):
        if asked.path != "/billing/includes/api.php" or asked.method != "POST":
            return page(404)
        asked_for = asked.fields
        if (asked_for.get("identifier"), asked_for.get("secret")) != ("our-identifier", SECRET):
            return self.refuse()
        action = asked_for["action"]
        if action in self.refused:
            return as_json({"result": "error", "message": self.refused[action]})
        start, most = int(asked_for.get("limitstart", 0)), int(asked_for.get("limitnum", 25))
        lists = {
            "GetClients": ("clients", "client", self.clients),
            "GetClientsProducts": ("products", "product", self.services),
            "GetClientsDomains": ("domains", "domain", self.domains),
        }
        if action == "GetProducts":
            return as_json(
                {"result": "success", "totalresults": 2, "products": {"product": self.products}}
            )
        outer, inner, rows = lists[action]
        found = rows[start : start + min(most, self.most)]
        return as_json(
            {
                "result": "success",
                "totalresults": str(len(rows)),
                "startnumber": start,
                "numreturned": len(found),
                outer: {inner: found} if found else "",
            }
        )

    def refuse(self):
        """As with a wrong secret."""
        return as_json({"result": "error", "message": "Authentication Failed"}, 403)

    def client(self, number, **facts):
        row = {"id": number, "firstname": "Alice", "lastname": "Baker", "companyname": ""}
        row |= {"email": f"client{number}@example.com", "notes": PLANTED, "password": PLANTED}
        self.clients.append(row | facts)
        return self.clients[-1]

    def service(self, number, client, domain, **facts):
        row = {"id": str(number), "clientid": client, "pid": "3", "name": "R&amp;D Hosting"}
        row |= {"domain": domain, "status": "Active", "nextduedate": "2027-01-31"}
        row |= {"dedicatedip": "", "serverip": "192.0.2.10", "username": PLANTED}
        row |= {"password": PLANTED, "customfields": {"customfield": [{"value": PLANTED}]}}
        self.services.append(row | facts)
        return self.services[-1]

    def domain(self, number, client, name, **facts):
        row = {"id": number, "userid": str(client), "domainname": name, "status": "Active"}
        row |= {"regdate": "2020-01-31", "expirydate": "2027-01-31", "notes": PLANTED}
        self.domains.append(row | facts)
        return self.domains[-1]

    def cast(self):
        """Two clients with a service and a domain each."""
        for number, name in ((1, "alice.example"), (2, "bob.example")):
            self.client(number, companyname="" if number == 1 else "Bob &amp; Sons")
            self.service(10 + number, number, name)
            self.domain(20 + number, number, name)
        return self


def basic(headers):
    """User and password of HTTP Basic."""
    word, _, text = headers.get("Authorization", "").partition(" ")
    return base64.b64decode(text).decode() if word == "Basic" else ""


def listening():
    """A port that takes connections and never answers."""
    server = socket.create_server(("127.0.0.1", 0))
    return server, server.getsockname()[1]
