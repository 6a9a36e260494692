"""A queue of events at Amazon SQS or a compatible service."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3.session
from botocore.config import Config

from shared.domain.errors import UsageError
from shared.storage.s3_client import S3Options, explained
from shared.telemetry.service_metrics import observe_client

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

#: Seconds that one request waits for messages.
LONG_POLL_S = 20
#: The most messages that one request returns.
BATCH = 10
#: Hosts with the region in their name.
_AMAZON = ".amazonaws.com"


@dataclass(frozen=True)
class Message:
    """One message; ``receipt`` is valid for this delivery only."""

    body: str
    receipt: str
    #: When it was sent, in seconds since the epoch; None where the service does not tell.
    sent: float | None = None


class EventQueue:
    """One queue by its URL; thread-safe; raises StoreUnreachable, UsageError."""

    def __init__(self, url: str, region: str | None) -> None:
        self._url = url
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{url!r} is not a queue URL; write https://sqs.…/account/name")
        amazon = parts.hostname.endswith(_AMAZON)
        self._region = region or (parts.hostname.split(".")[1] if amazon else "us-east-1")
        # A compatible service has its API at the queue's address.
        self._endpoint = None if amazon else f"{parts.scheme}://{parts.netloc}"

    def receive(self, visible_after_s: int, wait_s: int) -> list[Message]:
        """The next messages, at most ten; hidden from others for ``visible_after_s``.

        Waits up to ``wait_s`` seconds for the first.
        """
        with self._explained():
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=BATCH,
                WaitTimeSeconds=wait_s,
                VisibilityTimeout=visible_after_s,
                MessageSystemAttributeNames=["SentTimestamp"],
            )
        return [
            Message(m["Body"], m["ReceiptHandle"], _sent(m.get("Attributes", {})))
            for m in answer.get("Messages", ())
        ]

    def extend(self, message: Message, seconds: int) -> None:
        """Hide a message for ``seconds`` from now; 0 makes it visible at once."""
        with self._explained():
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=message.receipt, VisibilityTimeout=seconds
            )

    def delete(self, message: Message) -> None:
        """Delete a message that was handled."""
        with self._explained():
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt)

    @cached_property
    def _client(self) -> "SQSClient":
        with self._explained():
            client = boto3.session.Session().client(
                "sqs",
                region_name=self._region,
                endpoint_url=self._endpoint,
                config=Config(
                    connect_timeout=5,
                    read_timeout=LONG_POLL_S + 10,
                    retries={"mode": "standard", "total_max_attempts": 5},
                    tcp_keepalive=True,
                ),
            )
            observe_client(client, "sqs")
            return client

    @contextmanager
    def _explained(self) -> Iterator[None]:
        with explained(self._url, S3Options(self._endpoint, self._region)):
            yield


def _sent(attributes: Mapping[Any, str]) -> float | None:
    milliseconds = attributes.get("SentTimestamp", "")
    return int(milliseconds) / 1000 if milliseconds.isdecimal() else None
