import socket
import threading
from ipaddress import ip_address, ip_network

import pytest

from webapp.probe import ConnectTo, Reason, address
from webapp.probe.address import LookupFailed, endpoints, system_lookup
from webapp.probe.address_policy import Policy
from webapp.probe.deadline import Deadline
from webapp.probe.finding import NotAsked
from webapp.probe.waiting import drive

# The last two carry a public IPv4 address: by NAT64, and by ISATAP below a public prefix.
PUBLIC = """
    93.184.215.14 8.8.8.8 2606:2800:21f:cb07::1 2a00:1450::1 64:ff9b::8.8.8.8
    2a00:1450::5efe:8.8.8.8
""".split()  # noqa: SIM905 - as below

# IPv4: this network, private, shared, loopback, link-local and metadata, protocol assignments,
# documentation, relays, benchmarks, multicast, reserved, broadcast, and what clouds use. IPv6:
# unspecified, loopback, mapped, compatible, translated, NAT64 of loopback and metadata, discard,
# Teredo, ORCHID, documentation, 6to4, segment routing, unique local, metadata, link-local,
# site-local, multicast, the former 6bone.
FORBIDDEN = """
    0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255
    192.0.0.1 192.0.0.10
    192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1
    239.255.255.250
    240.0.0.1 255.255.255.255 100.100.100.200 168.63.129.16
    :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 ::ffff:0:127.0.0.1
    64:ff9b::7f00:1
    64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 2001::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1::
    3fff::1 5f00::1
    fc00::1 fd00:ec2::254 fd20:ce::254 fe80::1 fe80::1%eth0 fe80::a9fe:a9fe fec0::1 ff02::1 3ffe::1
    64:ff9b::10.1.2.3 64:ff9b::168.63.129.16 64:ff9b::100.100.100.200 64:ff9b::192.0.0.192
    64:ff9b:1::8.8.8.8
    ::8.8.8.8 ::ffff:0:8.8.8.8 2002:808:808:: 2a00:1450::5efe:10.1.2.3
    2a00:1450::200:5efe:169.254.169.254
""".split()  # noqa: SIM905 - a list literal of fifty would be fifty lines


def within(seconds, hostname="shop.example", **kwargs):
    return drive(endpoints(hostname, Deadline(seconds), **kwargs))


def asked(text, allowed=(), denied=()):
    """Whether this address may be asked under such a policy."""
    policy = Policy(tuple(map(ip_network, allowed)), tuple(map(ip_network, denied)))
    return policy.refusal(ip_address(text)) is None


def join_lookups():
    for thread in threading.enumerate():
        if thread.name.startswith("lookup "):
            thread.join()


def answering(*addresses):
    return lambda hostname: addresses


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_may_be_asked(text):
    assert asked(text)


@pytest.mark.parametrize("text", FORBIDDEN)
def test_a_special_address_is_never_asked(text):
    assert not asked(text)


@pytest.mark.parametrize("text", FORBIDDEN)
def test_a_special_address_beside_a_public_one_is_told_and_not_asked(text):
    found = within(1, lookup=answering(text, "8.8.8.8"))
    assert [one.address for one in found.endpoints] == ["8.8.8.8"]
    assert [one.address for one in found.stray] == [text]


def test_a_name_with_special_addresses_only_is_blocked():
    with pytest.raises(LookupFailed) as failed:
        within(1, lookup=answering("fe80::1", "192.168.1.10"))
    assert failed.value.reason is Reason.BLOCKED
    assert [one.record for one in failed.value.stray] == ["AAAA fe80::1", "A 192.168.1.10"]


def test_at_most_eight_special_addresses_are_told_each_once():
    private = [f"10.0.0.{n}" for n in range(1, 250)]
    found = within(1, lookup=answering("10.0.0.1", *private, "8.8.8.8"))
    assert [one.address for one in found.stray] == private[:8]


def test_the_zone_of_an_address_is_cleaned():
    found = within(1, lookup=answering("fe80::1%\x1b[31m" + "z" * 999, "8.8.8.8"))
    assert len(found.stray[0].address) <= 60
    assert "\x1b" not in found.stray[0].address


def test_a_network_is_allowed_by_choice():
    assert asked("10.1.2.3", allowed=["10.1.0.0/16"])
    assert not asked("10.2.0.1", allowed=["10.1.0.0/16"])
    assert asked("::1", allowed=["::1/128"])
    assert asked("fd00::1", allowed=["fd00::/8"])


# Each carries an IPv4 address that is not public, in one form or another; the last two hold it
# where other prefixes of local NAT64 have it.
CARRIERS = """
    ::ffff:169.254.169.254 ::ffff:10.1.2.3 ::169.254.169.254 ::ffff:0:169.254.169.254
    64:ff9b::169.254.169.254
    64:ff9b::10.1.2.3 64:ff9b::127.0.0.1 64:ff9b::168.63.129.16 64:ff9b::100.100.100.200
    64:ff9b::192.0.0.192
    2002:a9fe:a9fe:: 2002:a01:203::1 2001:0:808:808::5601:5601 2001:0:a01:203::f7f7:f7f7
    fe80::5efe:169.254.169.254 fd00::200:5efe:10.1.2.3 2a00:1450::5efe:10.1.2.3
    64:ff9b:1::169.254.169.254 64:ff9b:1:a9fe:a9:fe00:: 64:ff9b:1:2:a9:fea9:fe00:0
""".split()  # noqa: SIM905 - as above


@pytest.mark.parametrize("text", CARRIERS)
@pytest.mark.parametrize("allowed", [["::/0"], ["0.0.0.0/0"], ["::/0", "0.0.0.0/0"]])
def test_no_allowed_network_leads_to_a_private_address_by_way_of_another(text, allowed):
    assert not asked(text, allowed)
    assert not asked(text, [*allowed, text])


def test_an_allowed_network_may_carry_public_addresses():
    for text in ("::ffff:8.8.8.8", "2002:808:808::1", "fe80::5efe:8.8.8.8"):
        assert asked(text, allowed=[text])


# The same network of one's own in every form in which an address can carry it.
OWN = """
    203.0.114.7 64:ff9b::203.0.114.7 ::ffff:203.0.114.7 ::203.0.114.7 ::ffff:0:203.0.114.7
    2002:cb00:7207::1
    2001:0:cb00:7207::f7f7:f7f7 2001:0:808:808::34ff:8df8 2a00:1450::5efe:203.0.114.7 2a00:99::1
""".split()  # noqa: SIM905 - as above


@pytest.mark.parametrize("text", OWN)
def test_a_denied_network_is_never_asked_allowed_or_not(text):
    denied = ["203.0.114.0/24", "2a00:99::/32"]
    assert not asked(text, denied=denied)
    assert not asked(text, ["::/0", "0.0.0.0/0"], denied)


def test_what_is_denied_is_told_apart_from_what_is_not_public():
    policy = Policy(denied=(ip_network("203.0.114.0/24"),))
    found = within(
        1, lookup=answering("203.0.114.7", "fe80::1", "64:ff9b::10.0.0.1", "8.8.8.8"), policy=policy
    )
    assert [one.why for one in found.stray] == [
        NotAsked.DENIED,
        NotAsked.NOT_PUBLIC,
        NotAsked.CARRIES_IPV4,
    ]


def test_a_denied_network_wins_over_connect_to():
    there = (ConnectTo("*", "203.0.114.7", 443),)
    with pytest.raises(LookupFailed):
        within(
            1,
            lookup=answering(),
            connect_to=there,
            policy=Policy(denied=(ip_network("203.0.114.0/24"),)),
        )


def test_the_families_take_turns_and_only_the_first_eight_are_tried():
    six = [f"2606:2800::{n}" for n in range(1, 1000)]
    found = within(1, lookup=answering(*six, "8.8.8.8")).endpoints
    assert [e.address for e in found[:3]] == ["2606:2800::1", "8.8.8.8", "2606:2800::2"]
    assert len(found) == address.MOST_TRIED


def test_every_address_is_vetted_even_those_that_are_not_tried():
    found = within(1, lookup=answering(*["8.8.8.8"] * 999, "10.0.0.1"))
    assert found.stray[0].address == "10.0.0.1"


def test_special_addresses_take_no_place_from_those_that_are_tried():
    found = within(1, lookup=answering(*["10.0.0.1"] * 20, "8.8.8.8"))
    assert [one.address for one in found.endpoints] == ["8.8.8.8"]


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
    assert within(5, lookup=answering("8.8.8.8")).endpoints[0].address == "8.8.8.8"


def test_connect_to_asks_there_and_not_dns():
    def lookup(hostname):
        raise AssertionError("DNS was asked")

    where = (ConnectTo("*.example", "8.8.8.8", 8443), ConnectTo("*", "8.8.4.4", 443))
    assert within(1, lookup=lookup, connect_to=where).endpoints == [
        address.Endpoint("8.8.8.8", 8443)
    ]
    assert within(1, "shop.test", lookup=lookup, connect_to=where).endpoints == [
        address.Endpoint("8.8.4.4", 443)
    ]


def test_connect_to_may_give_several_addresses_to_one_pattern():
    where = (ConnectTo("shop.example", "8.8.8.8", 1), ConnectTo("shop.example", "8.8.4.4", 2))
    assert [e.port for e in within(1, lookup=answering(), connect_to=where).endpoints] == [1, 2]


def test_connect_to_is_vetted_like_any_other_address():
    with pytest.raises(LookupFailed) as failed:
        within(1, lookup=answering(), connect_to=(ConnectTo("*", "169.254.169.254", 80),))
    assert failed.value.reason is Reason.BLOCKED


def test_the_hosts_file_is_read_without_the_final_dot(tmp_path, monkeypatch):
    hosts = tmp_path / "hosts"
    hosts.write_text(
        "# ours\n10.1.2.3 Shop.Example www.shop.example # old\n::2 shop.example\nnonsense"
        " shop.example\n"
    )
    monkeypatch.setattr(address, "HOSTS_FILE", hosts)
    assert system_lookup("shop.example") == ["10.1.2.3", "::2"]
    assert system_lookup("www.shop.example") == ["10.1.2.3"]


def test_dns_is_asked_for_the_absolute_name(tmp_path, monkeypatch, guard):
    monkeypatch.setattr(address, "HOSTS_FILE", tmp_path / "none")
    with pytest.raises(socket.gaierror):
        system_lookup("shop.example")
    assert guard.attempts == ["getaddrinfo 'shop.example.'"]
    guard.attempts.clear()
