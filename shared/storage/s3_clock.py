"""Signs requests by the S3 service's clock once it refused ours.

S3 refuses requests that are signed a quarter of an hour off, so a machine whose clock is wrong
or was set would keep its pages and bring none to an end. Its refusal tells the true time.
"""

import datetime
import logging
from email.utils import parsedate_to_datetime
from typing import Any

import botocore.auth
from botocore.compat import get_current_datetime as machine_time

log = logging.getLogger("pagefleet.store")
#: Differences below this are not what was refused.
SLACK = datetime.timedelta(seconds=60)
FORBIDDEN = 403
#: Sendings of one request; nodes of a service whose clocks disagree would have it sent for ever.
MOST_SENDINGS = 3
#: What this machine's clock lacks; None while it was never wrong.
_behind: datetime.timedelta | None = None


def follow_service_clock(client: Any) -> None:
    """Let requests of an S3 client be signed and sent again where only the clock was wrong."""
    vars(botocore.auth)["get_current_datetime"] = _service_time
    client.meta.events.register("needs-retry.s3", _learn)


def _service_time(*words: Any, **named: Any) -> datetime.datetime:
    return machine_time(*words, **named) + (_behind or datetime.timedelta())


def _learn(response: Any, attempts: int, **_: Any) -> int | None:
    """0 (try again at once) where the answer shows that we signed by a wrong clock."""
    global _behind
    told = _told(response)
    if told is None or attempts >= MOST_SENDINGS:
        return None
    behind = told - machine_time(remove_tzinfo=False)
    if abs(behind - (_behind or datetime.timedelta())) < SLACK:
        # Another thread may have learned it while this request was under way.
        return 0 if _behind is not None and attempts == 1 else None
    log.warning("this machine's clock is %.0f s behind the S3 service's", behind.total_seconds())
    _behind = behind
    return 0


def _told(response: Any) -> datetime.datetime | None:
    """The service's time in a refusal."""
    if response is None or response[0].status_code != FORBIDDEN:
        return None
    try:
        told = parsedate_to_datetime(response[0].headers["date"])
    except (KeyError, ValueError):
        return None
    return told if told.tzinfo is not None else None
