"""Tells somebody's server that a job has ended: signed, repeated until it is heard."""

from workers.maintenance.webhooks.sender import WebhookSender

__all__ = ["WebhookSender"]
