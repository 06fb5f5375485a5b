import socket
import threading
from ipaddress import ip_address, ip_network

import pytest

from webapp.probe import ConnectTo, Reason, address
from webapp.probe.address import LookupFailed, endpoints, may_ask, system_lookup
from webapp.probe.deadline import Deadline
from webapp.probe.waiting import drive

PUBLIC = ("93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07::1", "2a00:1450::1")

# IPv4: this network, private, shared, loopback, link-local and metadata, protocol assignments, documentation, relays,
# benchmarks, multicast, reserved, broadcast, and what clouds use. IPv6: unspecified, loopback, mapped, compatible,
# translated, NAT64 of loopback and metadata, discard, Teredo, ORCHID, documentation, 6to4, segment routing, unique
# local, metadata, link-local, site-local, multicast, the former 6bone.
FORBIDDEN = """
    0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.10
    192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250
    240.0.0.1 255.255.255.255 100.100.100.200 168.63.129.16
    :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::7f00:1
    64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 2001::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 3fff::1 5f00::1
    fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 3ffe::1
""".split()  # noqa: SIM905 - a list literal of fifty would be fifty lines


def within(seconds, hostname="shop.example", **kwargs):
    return drive(endpoints(hostname, Deadline(seconds), **kwargs))


def join_lookups():
    for thread in threading.enumerate():
        if thread.name.startswith("lookup "):
            thread.join()


def answering(*addresses):
    return lambda hostname: addresses


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_may_be_asked(text):
    assert may_ask(ip_address(text))


@pytest.mark.parametrize("text", FORBIDDEN)
def test_a_special_address_is_never_asked(text):
    assert not may_ask(ip_address(text))


@pytest.mark.parametrize("text", FORBIDDEN)
def test_one_special_address_among_public_ones_blocks_the_name(text):
    with pytest.raises(LookupFailed) as failed:
        within(1, lookup=answering("8.8.8.8", text))
    assert failed.value.reason is Reason.BLOCKED


def test_a_network_is_allowed_by_choice():
    assert may_ask(ip_address("10.1.2.3"), [ip_network("10.1.0.0/16")])
    assert not may_ask(ip_address("10.2.0.1"), [ip_network("10.1.0.0/16")])


def test_an_allowed_ipv4_network_lets_no_mapped_address_in():
    assert not may_ask(ip_address("::ffff:10.1.2.3"), [ip_network("10.0.0.0/8")])


def test_the_families_take_turns_and_only_the_first_eight_are_tried():
    six = [f"2606:2800::{n}" for n in range(1, 1000)]
    found = within(1, lookup=answering(*six, "8.8.8.8"))
    assert [e.address for e in found[:3]] == ["2606:2800::1", "8.8.8.8", "2606:2800::2"]
    assert len(found) == address.MOST_TRIED


def test_every_address_is_vetted_even_those_that_are_not_tried():
    with pytest.raises(LookupFailed, match=r"10\.0\.0\.1"):
        within(1, lookup=answering(*["8.8.8.8"] * 999, "10.0.0.1"))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (socket.EAI_NONAME, Reason.DNS_NOT_FOUND),
        (socket.EAI_AGAIN, Reason.DNS_FAILED),
        (socket.EAI_FAIL, Reason.DNS_FAILED),
    ],
)
def test_what_the_resolver_says_is_told_apart(code, reason):
    def lookup(hostname):
        raise socket.gaierror(code, "said the resolver")

    with pytest.raises(LookupFailed, match="said the resolver") as failed:
        within(1, lookup=lookup)
    assert failed.value.reason is reason


def test_a_name_without_an_address_is_not_found():
    with pytest.raises(LookupFailed) as failed:
        within(1, lookup=answering())
    assert failed.value.reason is Reason.DNS_NOT_FOUND


def test_a_resolver_that_stalls_is_left_at_the_deadline():
    release = threading.Event()
    deadline = Deadline(0.2)
    with pytest.raises(LookupFailed, match="in time") as failed:
        drive(endpoints("shop.example", deadline, lookup=lambda hostname: release.wait(30) or []))
    release.set()
    join_lookups()
    assert failed.value.reason is Reason.DNS_FAILED
    assert deadline.elapsed() < 1.2


def test_stalled_lookups_are_bounded_and_their_places_come_back(monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(address, "_lookups", threading.BoundedSemaphore(2))
    for _ in range(2):
        with pytest.raises(LookupFailed, match="in time"):
            within(0.05, lookup=lambda hostname: release.wait(30) or [])
    with pytest.raises(LookupFailed, match="earlier lookups"):
        within(0.05, lookup=answering("8.8.8.8"))
    release.set()
    join_lookups()
    assert within(5, lookup=answering("8.8.8.8"))[0].address == "8.8.8.8"


def test_connect_to_asks_there_and_not_dns():
    def lookup(hostname):
        raise AssertionError("DNS was asked")

    where = (ConnectTo("*.example", "8.8.8.8", 8443), ConnectTo("*", "8.8.4.4", 443))
    assert within(1, lookup=lookup, connect_to=where) == [address.Endpoint("8.8.8.8", 8443)]
    assert within(1, "shop.test", lookup=lookup, connect_to=where) == [address.Endpoint("8.8.4.4", 443)]


def test_connect_to_may_give_several_addresses_to_one_pattern():
    where = (ConnectTo("shop.example", "8.8.8.8", 1), ConnectTo("shop.example", "8.8.4.4", 2))
    assert [e.port for e in within(1, lookup=answering(), connect_to=where)] == [1, 2]


def test_connect_to_is_vetted_like_any_other_address():
    with pytest.raises(LookupFailed) as failed:
        within(1, lookup=answering(), connect_to=(ConnectTo("*", "169.254.169.254", 80),))
    assert failed.value.reason is Reason.BLOCKED


def test_the_hosts_file_is_read_without_the_final_dot(tmp_path, monkeypatch):
    hosts = tmp_path / "hosts"
    hosts.write_text("# ours\n10.1.2.3 Shop.Example www.shop.example # old\n::2 shop.example\nnonsense shop.example\n")
    monkeypatch.setattr(address, "HOSTS_FILE", hosts)
    assert system_lookup("shop.example") == ["10.1.2.3", "::2"]
    assert system_lookup("www.shop.example") == ["10.1.2.3"]


def test_dns_is_asked_for_the_absolute_name(tmp_path, monkeypatch, guard):
    monkeypatch.setattr(address, "HOSTS_FILE", tmp_path / "none")
    with pytest.raises(socket.gaierror):
        system_lookup("shop.example")
    assert guard.attempts == ["getaddrinfo 'shop.example.'"]
    guard.attempts.clear()
