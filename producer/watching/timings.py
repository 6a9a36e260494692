"""Times of a watch that no option sets; tests pass shorter ones."""

from dataclasses import dataclass

from shared.storage.sqs_client import LONG_POLL_S


@dataclass(frozen=True)
class WatchTimings:
    """All in seconds."""

    #: How long one SQS request waits for messages; at most ``LONG_POLL_S``.
    sqs_wait_s: int = LONG_POLL_S
    #: How long SQS hides a received message from other watchers.
    sqs_visibility_s: int = 60
    #: How often that time is extended; several times before the message would reappear.
    sqs_extend_every_s: float = 20.0
    #: Shortest time between two versions of one document's status file.
    status_every_s: float = 3.0
    #: How long after its first refusal an object that the service does not let us read is given up.
    unreadable_s: float = 3600.0
