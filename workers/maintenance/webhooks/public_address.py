"""Which IP addresses are on the public internet.

An own table, because ``ipaddress`` of older Pythons takes some special ranges for public. It
follows the IANA registries of special-purpose addresses.
"""

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_SPECIAL_V4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
            *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
            *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
            # Public addresses that the host of a cloud machine answers: Azure's metadata service.
            "168.63.129.16/32",
        ),
    )
)
#: All other IPv6 ranges are not assigned, local, or multicast.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
#: 2001::/23 includes Teredo, and 2002::/16 is 6to4: both lead to other networks.
_SPECIAL_V6 = tuple(
    map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
)
#: A gateway connects to the IPv4 address in the last 32 bits.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Whether ``address``, or the IPv4 address inside it, is on the public internet."""
    if isinstance(address, ipaddress.IPv4Address):
        return not _is_in(address, _SPECIAL_V4)
    inner = address.ipv4_mapped
    if address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return is_public(inner)
    return address in _GLOBAL_UNICAST and not _is_in(address, _SPECIAL_V6)


def _is_in(
    address: Address, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> bool:
    return any(address in network for network in networks)
