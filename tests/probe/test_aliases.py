"""The aliases of a name, asked of a real name server: one on loopback."""

import itertools
import socket
import threading
import time

import dns.message
import dns.resolver
import dns.rrset
import pytest

from webapp.probe.aliases import system_aliases

CHAIN = ("www.shop.example", "shop.cdn.example", "edge.cdn.example")


def answer_to(question):
    """The answer to a query: the chain of aliases to an address for its first name, an address for
    any other."""
    answer = dns.message.make_response(question)
    name = question.question[0].name.to_text(omit_final_dot=True)
    if name == CHAIN[0]:
        for alias, target in itertools.pairwise(CHAIN):
            answer.answer.append(dns.rrset.from_text(f"{alias}.", 60, "IN", "CNAME", f"{target}."))
        name = CHAIN[-1]
    answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "A", "192.0.2.1"))
    return answer.to_wire()


@pytest.fixture
def name_server(monkeypatch):
    """A name server that is in place of the system's; it says nothing about silent.example."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)

        def serve():
            wire, peer = sock.recvfrom(4096)
            question = dns.message.from_wire(wire)
            if "silent" not in str(question.question[0].name):
                sock.sendto(answer_to(question), peer)

        thread = threading.Thread(target=serve)
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = sock.getsockname()[1]
        monkeypatch.setattr(dns.resolver, "Resolver", lambda: resolver)
        yield
        thread.join()


@pytest.mark.usefixtures("name_server")
def test_every_alias_is_told_in_order():
    assert system_aliases(CHAIN[0], 2) == CHAIN[1:]


@pytest.mark.usefixtures("name_server")
def test_a_name_with_an_address_of_its_own_has_none():
    assert system_aliases("own.example", 2) == ()


@pytest.mark.usefixtures("name_server")
def test_a_name_server_that_says_nothing_is_left_in_time():
    began = time.monotonic()
    assert system_aliases("silent.example", 0.2) is None
    assert time.monotonic() - began < 2
