"""Which addresses may be asked: the public ones, unless a setting says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from webapp.probe.finding import NotAsked

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# `is_global` of Python 3.11 to 3.13 is True, or was, for these: the IANA special-purpose registries
# and the addresses at which clouds serve their machines' secrets.
_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        # IETF protocol assignments; a metadata address of Oracle Cloud's among them
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "168.63.129.16/32",  # Azure
        "100.100.100.200/32",  # Alibaba Cloud
        "2001::/23",  # IETF protocol assignments, Teredo and ORCHID among them
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4: carries an IPv4 address
        "3ffe::/16",  # the former 6bone, given back (RFC 3701)
        "3fff::/20",  # documentation, RFC 9637
    )
)


# What IANA gives out; mapped, NAT64 and the like are all outside
_UNICAST = IPv6Network("2000::/3")

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the IPv4 address is in the last 32 bits

_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215: it may be in one of four places
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")  # RFC 2765
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291, as are mapped addresses
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214: what stands before the IPv4 address


@dataclass(frozen=True, slots=True)
class Policy:
    """Which addresses may be asked: the public ones and those in `allowed`, without those in
    `denied`."""

    allowed: tuple[Network, ...] = ()
    denied: tuple[Network, ...] = ()

    def refusal(self, address: Address) -> NotAsked | None:
        """Why this address must not be asked; None where it may be.

        An IPv6 address that carries an IPv4 address may lead there, so that one counts too: where
        it is denied or not public, no allowed network helps. NAT64 (RFC 6052) is the only such form
        that is asked without being allowed.
        """
        carried = carried_addresses(address)
        if any(one in network for one in (address, *carried) for network in self.denied):
            return NotAsked.DENIED
        if address in _LOCAL_NAT64 or not all(_is_public(one) for one in carried):
            return NotAsked.CARRIES_IPV4
        if (
            address in _NAT64
            or _is_public(address)
            or any(address in network for network in self.allowed)
        ):
            return None
        return NotAsked.NOT_PUBLIC


def carried_addresses(address: Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses inside an IPv6 address: mapped, compatible, translated, NAT64, 6to4,
    ISATAP; two in Teredo's. Those of local NAT64 are left out: nothing tells where they stand."""
    if isinstance(address, IPv4Address):
        return ()
    if address.teredo is not None:
        return address.teredo
    if address.sixtofour is not None:
        return (address.sixtofour,)
    number = int(address)
    forms = address in _NAT64 or address in _TRANSLATED or (number >> 32 & 0xFFFFFFFF) in _ISATAP
    compatible = address in _COMPATIBLE and number > 1  # :: and ::1 are IPv6's own
    if address.ipv4_mapped is not None or forms or compatible:
        return (IPv4Address(number & 0xFFFFFFFF),)
    return ()


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    special = address.is_multicast or address.is_reserved or not address.is_global
    return not special and not any(address in net for net in _NOT_PUBLIC)


PUBLIC_ONLY = Policy()
