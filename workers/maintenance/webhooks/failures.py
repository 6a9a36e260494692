"""Why a webhook was not delivered."""

from shared.domain.errors import PagefleetError


class WebhookFailed(PagefleetError):
    """This try failed; a later one may succeed."""

    code = "webhook_failed"


class WebhookRefused(WebhookFailed):
    """The address may not be called, or the receiver answered 410 Gone: no more tries."""

    code = "webhook_refused"
