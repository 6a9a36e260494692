"""A broker that sends its reply in single bytes holds no command."""

import time

import pytest

from shared.broker.connection import broker_errors, connect
from shared.config.settings import build_settings
from shared.domain.errors import BrokerUnreachable
from tests.support.servers.webhook_receiver import dripping_server


@pytest.mark.parametrize("beginning", [b"$900000\r\n", b"*3\r\n$900000\r\n", b"+"])
def test_a_reply_in_single_bytes_ends_as_no_answer(beginning: bytes) -> None:
    with dripping_server(beginning) as port:
        values = {"redis_url": f"redis://127.0.0.1:{port}/0", "broker_timeout_s": 1.0}
        settings = build_settings(values)
        begin = time.monotonic()
        with (
            pytest.raises(BrokerUnreachable, match="does not answer"),
            broker_errors(settings),
        ):
            connect(settings, hasty=True).get("key")
        # Each single byte arrives within the timeout of a read, so only the deadline ends it.
        assert time.monotonic() - begin >= 1.9
