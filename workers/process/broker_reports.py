"""What a worker process does when the broker answers, and when it does not."""

import logging
from collections.abc import Callable

from shared.config.settings import Settings
from shared.domain.errors import BrokerUnreachable
from shared.telemetry.health import Health

log = logging.getLogger("pagefleet.broker")


def broker_reports(
    settings: Settings, health: Health
) -> tuple[Callable[[], None], Callable[[BrokerUnreachable], None]]:
    """The two callbacks of ``pinging_broker``: they tell ``health`` and the log."""

    def answered() -> None:
        health.broker_answered(settings.broker_timeout_s)

    def silent(error: BrokerUnreachable) -> None:
        log.warning("waiting for the broker: %s", error.message)

    return answered, silent
