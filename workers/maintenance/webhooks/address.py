"""Finds the one address that a webhook is sent to, and refuses what lies inside the house.

The name is resolved once, every answer is checked, and the connection goes to the checked
address: a name that changes its mind afterwards changes nothing.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.domain.errors import UsageError
from shared.domain.webhook_url import check_webhook
from workers.maintenance.webhooks.failures import Undelivered, Unwanted

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Public by number, yet answered by the host of a cloud machine (Azure's metadata).
_HOST_SERVICES = frozenset((ipaddress.ip_address("168.63.129.16"),))
#: Prefixes whose last 32 bits are an IPv4 address that a gateway would talk to.
_NAT64 = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48")))


@dataclass(frozen=True)
class Target:
    """Where a webhook goes: ``ip`` is checked, ``host`` is what its certificate must name."""

    secure: bool
    host: str
    port: int
    ip: str
    #: Path and query.
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == (443 if self.secure else 80) else f"{shown}:{self.port}"


def resolve(url: str, allow_private: bool) -> Target:
    """The target of ``url``; raises Unwanted where it may not be called, else Undelivered."""
    try:
        parts = urlsplit(check_webhook(url))
    except UsageError as error:
        raise Unwanted(error.message) from None
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    addresses = _addresses(host, port)
    if not allow_private:
        for address in addresses:
            _refuse_private(host, address)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(secure, host, port, str(addresses[0]), path)


def _addresses(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not a host name"
        raise Undelivered(f"{host} can't be resolved: {reason}") from None
    # Without the zone of a link-local address, which ipaddress would take for part of it.
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _refuse_private(host: str, address: Address) -> None:
    if not is_public(address):
        raise Unwanted(
            f"{host} leads to {address}, which is not a public address "
            "(webhook_allow_private permits that)"
        )


def is_public(address: Address) -> bool:
    """Whether ``address`` and what may be hidden in it lie in the open internet."""
    inner = _embedded(address)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast and address not in _HOST_SERVICES


def _embedded(address: Address) -> Address | None:
    """The IPv4 address that a translating network would talk to instead."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
