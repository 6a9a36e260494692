"""The private broker of a run is the server that the run started, also if its port was taken."""

import socketserver
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest

from producer.local import embedded_broker
from producer.local.embedded_broker import EmbeddedBroker
from shared.domain.errors import BrokerUnreachable
from tests.conftest import SettingsFactory


class _Liar(socketserver.StreamRequestHandler):
    """A server that takes every password, answers pings, and says that it works in ``/``."""

    ANSWERS: ClassVar = {
        b"HELLO": b"%1\r\n$5\r\nproto\r\n:3\r\n",
        b"CLIENT": b"+OK\r\n",
        b"PING": b"+PONG\r\n",
        b"CONFIG": b"%1\r\n$3\r\ndir\r\n$1\r\n/\r\n",
    }

    def handle(self) -> None:
        while line := self.rfile.readline():
            self.wfile.write(self.ANSWERS.get(line.strip(), b""))


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Liar) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_a_server_of_another_user_at_the_chosen_port_is_not_taken_for_the_broker(
    settings: SettingsFactory, taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = iter([taken_port, embedded_broker._free_port()])
    monkeypatch.setattr(embedded_broker, "_free_port", lambda: next(ports))

    with EmbeddedBroker(settings()) as broker:
        assert f":{taken_port}/" not in broker.url
        broker.check()


def test_without_a_free_port_the_run_ends_with_the_reason(
    settings: SettingsFactory, taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_broker, "_free_port", lambda: taken_port)

    with pytest.raises(BrokerUnreachable, match="does not start"), EmbeddedBroker(settings()):
        pass
