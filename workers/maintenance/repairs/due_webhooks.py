"""Starts the webhooks that are due."""

from typing import ClassVar

from workers.maintenance.webhooks import WebhookSender


class DueWebhooks:
    """Part of the sweeper's round, so that only one control process sends them."""

    kind: ClassVar[str | None] = None

    def __init__(self, sender: WebhookSender) -> None:
        self._sender = sender

    def run(self) -> int:
        """Start what is due, without waiting for receivers; returns 0."""
        self._sender.start_due()
        return 0
