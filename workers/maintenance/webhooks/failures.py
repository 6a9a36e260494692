"""Why a webhook was not delivered."""

from shared.domain.errors import PagefleetError


class Undelivered(PagefleetError):
    """This try failed; a later one may not."""

    code = "webhook_failed"


class Unwanted(Undelivered):
    """The address may not be called, or asks not to be called again: no more tries."""

    code = "webhook_refused"
