"""Metrics of a watcher. Its address is the label ``source`` of all metrics of its process."""

from collections.abc import Callable

from prometheus_client import Counter, Gauge, Histogram

from shared.telemetry.buckets import WAITING_SECONDS

EVENTS = ("seen", "queued", "delivered", "refused", "abandoned")

FILES = Counter(
    "pagefleet_watch_files",
    "Files of the inbox, by event: seen (new or changed, and taken by this watcher), queued (has "
    "a job), delivered, refused, abandoned (removed or replaced).",
    ["event"],
)
ERRORS = Counter(
    "pagefleet_watch_errors", "Errors that the watcher survived, by error code.", ["code"]
)
LAST_SCAN = Gauge(
    "pagefleet_watch_last_scan_timestamp_seconds", "When a scan of the inbox succeeded last."
)
QUEUE_LAG = Histogram(
    "pagefleet_watch_queue_lag_seconds",
    "Time from the sending of a message to the queue of --queue-url until its receipt.",
    buckets=WAITING_SECONDS,
)
_OPEN = Gauge("pagefleet_watch_open_files", "Files whose job this watcher follows.")
_WAITING = Gauge("pagefleet_watch_waiting_files", "Files that wait until they are submitted.")
_OLDEST_OPEN = Gauge(
    "pagefleet_watch_oldest_open_seconds", "Time since the oldest open file was taken; 0: none."
)
_OLDEST_WAITING = Gauge(
    "pagefleet_watch_oldest_waiting_seconds", "Time since the oldest waiting file was seen."
)
Figure = Callable[[], float]


def export(
    open_files: Figure, oldest_open: Figure, waiting: Figure, oldest_waiting: Figure
) -> None:
    """Read these figures at each scrape, and export every counter at 0."""
    _OPEN.set_function(open_files)
    _OLDEST_OPEN.set_function(oldest_open)
    _WAITING.set_function(waiting)
    _OLDEST_WAITING.set_function(oldest_waiting)
    for event in EVENTS:
        FILES.labels(event)
    for code in ("store_unreachable", "broker_unreachable", "internal"):
        ERRORS.labels(code)
