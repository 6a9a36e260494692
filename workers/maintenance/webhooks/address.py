"""Resolves the address that a webhook is sent to, and refuses addresses that are not public.

The name is resolved once, every address is checked, and the connection goes to the checked
address. So a name that later resolves to another address (DNS rebinding) has no effect.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.domain.errors import UsageError
from shared.domain.webhook_url import check_webhook
from workers.maintenance.webhooks.failures import WebhookFailed, WebhookRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: A public address that the host of a cloud machine answers (Azure's metadata service).
_HOST_SERVICES = frozenset((ipaddress.ip_address("168.63.129.16"),))
#: NAT64 prefixes: a gateway connects to the IPv4 address in the last 32 bits.
_NAT64 = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48")))


@dataclass(frozen=True)
class Target:
    """The receiver: ``ip`` is the checked address, ``host`` the name for TLS and Host header."""

    secure: bool
    host: str
    port: int
    ip: str
    #: Path and query.
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.secure else 80) else f"{name}:{self.port}"


def resolve(url: str, allow_private: bool) -> Target:
    """The target of ``url``; raises WebhookRefused if it may not be called, else WebhookFailed."""
    try:
        parts = urlsplit(check_webhook(url))
    except UsageError as error:
        raise WebhookRefused(error.message) from None
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
        results = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not a host name"
        raise WebhookFailed(f"{host} can't be resolved: {reason}") from None
    # Without the zone of a link-local address, which ipaddress would keep as a part of it.
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in results]


def _refuse_private(host: str, address: Address) -> None:
    if not is_public(address):
        raise WebhookRefused(
            f"{host} resolves to {address}, which is not a public address "
            "(webhook_allow_private allows it)"
        )


def is_public(address: Address) -> bool:
    """Whether ``address``, and an IPv4 address embedded in it, are on the public internet."""
    inner = _embedded(address)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast and address not in _HOST_SERVICES


def _embedded(address: Address) -> Address | None:
    """The IPv4 address that a translating network would connect to instead."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
