"""The last failed pages of the fleet, in a bounded list in the broker for ``top`` and Flower."""

import json
import logging
import time

from shared.broker.connection import broker_errors, connect
from shared.broker.snapshots.fleet_snapshot import FAILURES_KEPT, FAILURES_KEY
from shared.config.settings import Settings
from shared.domain.errors import BrokerUnreachable
from shared.domain.records.page_result import PageResult

log = logging.getLogger("pagefleet.failures")
MAX_MESSAGE_CHARACTERS = 200


class FailureLog:
    """The store has every failure; this list is for display."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._redis = connect(settings)

    def note(self, result: PageResult) -> None:
        """Add a failed page; logs a warning if the broker is unreachable."""
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
            log.warning("a failed page is not in the list of failures: %s", error.message)
