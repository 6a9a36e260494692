"""Requests to S3 and SQS are counted by outcome, with their retries and times."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from prometheus_client import REGISTRY

from shared.config.settings import Settings
from shared.domain.errors import NotFound, StoreUnreachable
from shared.storage.factory import open_store
from shared.storage.s3_client import forget_clients
from shared.storage.sqs_client import EventQueue
from tests.conftest import SettingsFactory
from tests.support.servers.moto_server import REGION, Moto

SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>later</Message></Error>"


def value(name: str, **labels: str) -> float:
    """A sample of this process; 0 where it does not exist."""
    return REGISTRY.get_sample_value(f"pagefleet_service_{name}", labels) or 0.0


def growth(act: Callable[[], object], name: str, **labels: str) -> float:
    """By how much ``act`` raises a sample."""
    before = value(name, **labels)
    act()
    return value(name, **labels) - before


@contextmanager
def answering(statuses: list[int]) -> Iterator[str]:
    """A server that answers with these statuses, one after the other; 503 is a throttle."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = statuses.pop(0)
            body = SLOW_DOWN if status == 503 else b"content"
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def at(settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Settings]:
    """Settings of a store at an endpoint."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    forget_clients()
    return lambda endpoint: settings(
        store="s3://bucket/store",
        s3_region=REGION,
        s3_endpoint_url=endpoint,
        s3_addressing="path",
    )


def test_reads_and_conditional_writes_are_counted_by_outcome(s3_settings: SettingsFactory) -> None:
    store = open_store(s3_settings())

    def lose_a_conditional_write() -> None:
        store.put_new("key", b"1")
        store.put_new("key", b"2")

    def miss() -> None:
        with suppress(NotFound):
            store.get("missing")

    labels = {"service": "s3", "operation": "GetObject"}
    assert growth(miss, "requests_total", **labels, outcome="missing") == 1
    put = {"service": "s3", "operation": "PutObject"}
    assert growth(lose_a_conditional_write, "requests_total", **put, outcome="conflict") == 1
    assert growth(lambda: store.get("key"), "requests_total", **labels, outcome="ok") == 1
    assert growth(lambda: store.get("key"), "request_seconds_count", **labels) == 1


def test_a_throttled_request_is_counted_with_its_retry(at: Callable[[str], Settings]) -> None:
    labels = {"service": "s3", "operation": "GetObject"}
    retries = value("retries_total", **labels)
    with answering([503, 200]) as endpoint:
        store = open_store(at(endpoint))

        throttled = growth(
            lambda: store.get("key"), "requests_total", **labels, outcome="throttled"
        )

    assert throttled == 1
    assert value("retries_total", **labels) - retries == 1


def test_a_service_that_does_not_answer_is_counted(at: Callable[[str], Settings]) -> None:
    labels = {"service": "s3", "operation": "GetObject"}

    def ask_a_closed_port() -> None:
        with suppress(StoreUnreachable):
            open_store(at("http://127.0.0.1:1")).get("key")

    assert growth(ask_a_closed_port, "requests_total", **labels, outcome="no_answer") >= 1


def test_requests_to_a_queue_are_counted(
    moto: Moto, at: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    at(moto.endpoint)
    url = moto.client("sqs").create_queue(QueueName="counted")["QueueUrl"]
    queue = EventQueue(url, REGION)

    labels = {"service": "sqs", "operation": "ReceiveMessage"}
    assert growth(lambda: queue.receive(30, 0), "requests_total", **labels, outcome="ok") == 1


def test_a_message_tells_when_it_was_sent(
    moto: Moto, at: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    at(moto.endpoint)
    sqs = moto.client("sqs")
    url = sqs.create_queue(QueueName="dated")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")

    (message,) = EventQueue(url, REGION).receive(30, 1)

    assert message.sent is not None
    assert abs(time.time() - message.sent) < 30
