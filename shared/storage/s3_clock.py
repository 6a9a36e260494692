"""Signs requests by the S3 service's clock after it refused this machine's clock.

S3 refuses requests whose signature is 15 minutes off, so a machine with a wrong clock could store
no result. The refusal has the service's time in its ``Date`` header.
"""

import datetime
import logging
from email.utils import parsedate_to_datetime
from typing import Any

import botocore.auth
from botocore.compat import get_current_datetime as machine_time

log = logging.getLogger("pagefleet.store")
#: Smaller differences are not the reason of a refusal.
SLACK = datetime.timedelta(seconds=60)
FORBIDDEN = 403
#: Sends of one request; a service whose nodes' clocks disagree would cause endless repetition.
MAX_SENDS = 3
#: How far this machine's clock is behind the service's; None until the service refused it.
_behind: datetime.timedelta | None = None


def follow_service_clock(client: Any) -> None:
    """Have an S3 client sign and send requests again that were refused for the clock."""
    vars(botocore.auth)["get_current_datetime"] = _service_time
    client.meta.events.register("needs-retry.s3", _learn)


def _service_time(*args: Any, **options: Any) -> datetime.datetime:
    return machine_time(*args, **options) + (_behind or datetime.timedelta())


def _learn(response: Any, attempts: int, **_: Any) -> int | None:
    """0 (retry at once) where the response shows that the signature used a wrong clock."""
    global _behind
    service_time = _time_of(response)
    if service_time is None or attempts >= MAX_SENDS:
        return None
    behind = service_time - machine_time(remove_tzinfo=False)
    if abs(behind - (_behind or datetime.timedelta())) < SLACK:
        # Another thread may have corrected the clock while this request was on its way.
        return 0 if _behind is not None and attempts == 1 else None
    log.warning("this machine's clock is %.0f s behind the S3 service's", behind.total_seconds())
    _behind = behind
    return 0


def _time_of(response: Any) -> datetime.datetime | None:
    """The service's time, from a refusal."""
    if response is None or response[0].status_code != FORBIDDEN:
        return None
    try:
        time = parsedate_to_datetime(response[0].headers["date"])
    except (KeyError, ValueError):
        return None
    return time if time.tzinfo is not None else None
