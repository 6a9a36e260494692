"""Resolves the address that a webhook is sent to, and refuses addresses that are not public.

The name is resolved once, every address is checked, and the connection goes to the checked
address. So a name that later resolves to another address (DNS rebinding) has no effect.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.domain.errors import UsageError
from shared.domain.webhooks.url import check_webhook
from workers.maintenance.webhooks.failures import WebhookRefused
from workers.maintenance.webhooks.lookup import look_up
from workers.maintenance.webhooks.public_address import Address, is_public

#: Seconds of a name look-up where the caller sets no limit.
LOOKUP_S = 10.0


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


def resolve(url: str, allow_private: bool, timeout_s: float = LOOKUP_S) -> Target:
    """The target of ``url``; raises WebhookRefused if it may not be called, else WebhookFailed."""
    try:
        parts = urlsplit(check_webhook(url))
    except UsageError as error:
        raise WebhookRefused(error.message) from None
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    # Without the zone of a link-local address, which ipaddress would keep as a part of it.
    found = [text.partition("%")[0] for text in look_up(host, port, timeout_s)]
    if not allow_private:
        for text in found:
            _refuse_private(host, ipaddress.ip_address(text))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(secure, host, port, found[0], path)


def _refuse_private(host: str, address: Address) -> None:
    if not is_public(address):
        raise WebhookRefused(
            f"{host} resolves to {address}, which is not a public address "
            "(webhook_allow_private allows it)"
        )
