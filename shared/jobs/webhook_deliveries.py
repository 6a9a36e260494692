"""The state of webhook deliveries: one for the job and one for each later submission.

A delivery has the name of its marker below ``notify/``: the job id, or job id, dot and digest of
the submission.
"""

from shared.domain import object_keys
from shared.domain.records.base import to_json
from shared.domain.records.job import Delivery, Manifest
from shared.domain.submission_record import SubmissionRecord
from shared.jobs.job_store import JobStore


class WebhookDeliveries:
    """Reads and writes deliveries by their name; thread-safe; raises StoreUnreachable."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs

    def manifest(self, name: str) -> Manifest | None:
        """The manifest with name, labels and webhook of the submission; None where purged."""
        job_id, digest = object_keys.parse_notify_name(name)
        manifest = self._jobs.manifest(job_id)
        if manifest is None or digest is None:
            return manifest
        key = object_keys.submission(job_id, digest)
        submission = self._jobs.read(key, SubmissionRecord)
        return submission.apply(manifest) if submission else None

    def state(self, name: str, message_id: str) -> Delivery:
        """The state of this message's delivery; one from before a ``retry`` does not count."""
        for delivery in self._stored(name):
            if delivery is not None and delivery.message == message_id:
                return delivery
        return Delivery(message=message_id)

    def record(self, name: str, delivery: Delivery) -> None:
        """Store the state after a try that did not succeed."""
        job_id, digest = object_keys.parse_notify_name(name)
        if digest is None:
            self._jobs.record_delivery(job_id, delivery)
        else:
            self._record_of_submission(job_id, digest, delivery)

    def mark_delivered(self, name: str, delivery: Delivery) -> None:
        """Store the state after the try that succeeded."""
        job_id, digest = object_keys.parse_notify_name(name)
        if digest is None:
            self._jobs.mark_notified(job_id, delivery)
        else:
            self._record_of_submission(job_id, digest, delivery)

    def unmark(self, name: str) -> None:
        """Remove the marker: the webhook was delivered or given up."""
        self._jobs.store.delete([object_keys.notify_marker(*object_keys.parse_notify_name(name))])

    def _stored(self, name: str) -> tuple[Delivery | None, ...]:
        job_id, digest = object_keys.parse_notify_name(name)
        if digest is None:
            return self._jobs.notified(job_id), self._jobs.delivery(job_id)
        key = object_keys.submission_delivery(job_id, digest)
        return (self._jobs.read(key, Delivery),)

    def _record_of_submission(self, job_id: str, digest: str, delivery: Delivery) -> None:
        key = object_keys.submission_delivery(job_id, digest)
        self._jobs.store.put(key, to_json(delivery))
