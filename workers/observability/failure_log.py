"""The last failed pages of the fleet, kept in the broker for those who watch it."""

import json
import logging
import time

from shared.broker.connection import broker_errors, connect
from shared.broker.fleet_view import FAILURES_KEPT, FAILURES_KEY
from shared.config.settings import Settings
from shared.domain.errors import BrokerUnreachable
from shared.domain.records import PageResult

log = logging.getLogger("pagefleet.failures")
MAX_MESSAGE_CHARACTERS = 200


class FailureLog:
    """Bounded; a failure that can't be noted is still in the store."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._redis = connect(settings)

    def note(self, result: PageResult) -> None:
        """Remember a failed page; never raises for a broker that is away."""
        assert result.error is not None
        entry = {
            "time": round(time.time(), 1),
            "job_id": result.job_id,
            "page": result.page,
            "engine": result.engine.name,
            "code": result.error.code,
            "message": result.error.message[:MAX_MESSAGE_CHARACTERS],
        }
        try:
            with broker_errors(self._settings), self._redis.pipeline() as pipe:
                pipe.lpush(FAILURES_KEY, json.dumps(entry))
                pipe.ltrim(FAILURES_KEY, 0, FAILURES_KEPT - 1)
                pipe.execute()
        except BrokerUnreachable as error:
            log.warning("a failure is not noted: %s", error.message)
