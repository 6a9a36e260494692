"""Calls the receiver's URL when a job has ended: signed, and retried until it succeeds."""

from workers.maintenance.webhooks.sender import WebhookSender

__all__ = ["WebhookSender"]
