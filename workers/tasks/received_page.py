"""A page from the receipt of its message until the message is acknowledged."""

from dataclasses import dataclass
from typing import Self

from shared.domain.records.messages import PageMessage
from workers.inflight.inflight_pages import InflightPage
from workers.observability.page_measurement import PageMeasurement
from workers.tasks.page_context import PageTaskContext
from workers.tasks.page_lease import PageLease
from workers.tasks.page_records import PageRecords


@dataclass(frozen=True)
class ReceivedPage:
    """The message, and what handling it needs at the broker, in the store and for measuring."""

    message: PageMessage
    inflight: InflightPage
    measurement: PageMeasurement
    lease: PageLease
    records: PageRecords

    @classmethod
    def make(
        cls,
        context: PageTaskContext,
        message: PageMessage,
        inflight: InflightPage,
        measurement: PageMeasurement,
    ) -> Self:
        """The page of ``message`` in the process of ``context``."""
        lease = PageLease(context, message, inflight)
        records = PageRecords(context, message, inflight)
        return cls(message, inflight, measurement, lease, records)
