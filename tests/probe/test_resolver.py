"""Name servers of our own, which answer, are slow, fail or are dead: asked over real UDP."""

import errno
import socket
import threading
import time

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from webapp.probe.resolver import ROOT, LookupOutcome, ask_servers


@pytest.fixture
def name_server():
    """Starts a name server on this machine: `name_server(rcode, delay)`; silent with an rcode of
    None. Gives what stands for /etc/resolv.conf, and the names it was asked for."""
    sockets = []

    def name_server(rcode=dns.rcode.NOERROR, delay=0.0, garbage=b""):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        sockets.append(sock)
        asked = []

        def serve():
            while True:
                try:
                    query, sender = sock.recvfrom(4096)
                except OSError:
                    return
                message = dns.message.from_wire(query)
                asked.append(message.question[0].to_text())
                time.sleep(delay)
                if rcode is None:
                    continue
                response = dns.message.make_response(message, recursion_available=True)
                response.set_rcode(rcode)
                if rcode == dns.rcode.NOERROR:
                    name = message.question[0].name
                    kind = message.question[0].rdtype
                    rdata = "a.root-servers.net." if kind == dns.rdatatype.NS else "192.0.2.1"
                    response.answer.append(
                        dns.rrset.from_text(name, 60, "IN", dns.rdatatype.to_text(kind), rdata)
                    )
                sock.sendto(garbage or response.to_wire(), sender)

        threading.Thread(target=serve, daemon=True).start()
        config = dns.resolver.Resolver(configure=False)
        config.nameservers = ["127.0.0.1"]
        config.port = sock.getsockname()[1]
        return config, asked

    yield name_server
    for sock in sockets:
        sock.close()


@pytest.mark.parametrize(
    ("behaviour", "outcome", "detail"),
    [
        ({}, LookupOutcome.ANSWERED, ""),
        ({"rcode": None}, LookupOutcome.SILENT, ""),
        ({"rcode": dns.rcode.SERVFAIL}, LookupOutcome.FAILED, "SERVFAIL"),
        ({"rcode": dns.rcode.REFUSED}, LookupOutcome.FAILED, "REFUSED"),
        ({"rcode": dns.rcode.NXDOMAIN}, LookupOutcome.NO_SUCH_NAME, ""),
    ],
)
def test_what_a_name_server_answers_is_told_apart(name_server, behaviour, outcome, detail):
    config, asked = name_server(**behaviour)
    [answer] = ask_servers("control.example", 1, config)
    assert (answer.server, answer.outcome, answer.detail) == ("127.0.0.1", outcome, detail)
    assert set(asked) == {"control.example. IN A"}


def test_a_slow_name_server_is_measured(name_server):
    config, _ = name_server(delay=0.5)
    [answer] = ask_servers(ROOT, 2, config)
    assert (answer.outcome, answer.seconds > 0.5) == (LookupOutcome.ANSWERED, True)


def test_without_a_name_of_its_own_the_root_is_asked_for_and_never_localhost(name_server):
    config, asked = name_server()
    ask_servers(ROOT, 1, config)
    assert asked == [". IN NS"]


def test_a_port_where_nobody_listens_is_silent_and_given_up(name_server):
    config, _ = name_server()
    config.port = 1
    started = time.monotonic()
    assert [answer.outcome for answer in ask_servers(ROOT, 0.5, config)] == [LookupOutcome.SILENT]
    assert time.monotonic() - started < 5


def test_a_name_server_that_this_machine_cannot_send_to_has_not_answered(name_server, monkeypatch):
    def unplugged(*_args, **_kwargs):
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(dns.query, "udp", unplugged)  # no test unplugs the machine
    [answer] = ask_servers(ROOT, 0.5, name_server()[0])
    assert (answer.outcome, answer.detail) == (LookupOutcome.NOT_REACHED, "Network is unreachable")


def test_each_name_server_is_asked_at_the_same_time(name_server):
    config, _ = name_server()
    config.nameservers = ["127.0.0.1", "127.0.0.2"]  # nobody listens at the second
    assert [answer.outcome for answer in ask_servers(ROOT, 0.5, config)] == [
        LookupOutcome.ANSWERED,
        LookupOutcome.SILENT,
    ]


def test_without_a_name_server_there_is_no_answer():
    config = dns.resolver.Resolver(configure=False)
    config.nameservers = []
    assert ask_servers(ROOT, 1, config) == []
