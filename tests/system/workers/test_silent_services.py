"""Workers that start, end and are scraped while a service does not answer."""

from pathlib import Path

from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import in_process, pdf, wait_until, workers
from tests.support.fleets.watched_fleet import free_ports, get
from tests.support.servers.processes import RedisServer
from tests.system.failures.broker_proxy import BrokerProxy


def test_a_worker_that_starts_while_the_broker_is_silent_loads_its_engine_and_waits(
    settings: SettingsFactory, redis_server: RedisServer, tmp_path: Path
) -> None:
    proxy, port = BrokerProxy(redis_server.port), free_ports(2)
    direct = settings(redis_url=redis_server.url, engine="fake", broker_timeout_s=2)
    url = redis_server.url.replace(f":{redis_server.port}/", f":{proxy.port}/")
    config = settings(redis_url=url, engine="fake", broker_timeout_s=2, metrics_port=port)
    proxy.half_open(True)
    with workers(config, tmp_path / "log") as process:
        wait_until(lambda: get(port, "/startupz")[0] == 200, 120)

        assert get(port, "/livez") == (200, "ok\n")
        assert "waits for a connection to the broker" in get(port, "/readyz")[1]
        assert get(port + 1, "/readyz")[0] == 503
        wait_until(lambda: 'pagefleet_broker_up{fleet="pagefleet"} 0.0' in scraped(port + 1))
        assert process.poll() is None

        proxy.half_open(False)
        ended = in_process(direct, "submit", "--wait", str(pdf(tmp_path / "a.pdf", 2)))
        assert ended.status == 0
        wait_until(lambda: get(port, "/readyz") == get(port + 1, "/readyz") == (200, "ok\n"))

        proxy.half_open(True)
        wait_until(lambda: "has not answered" in get(port, "/readyz")[1])
    # The block ended: the worker stopped on SIGTERM while the broker was silent.
    assert process.returncode == 0
    proxy.close()


def test_a_worker_that_starts_without_a_store_waits(
    s3_settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    port = free_ports(3)
    endpoint = f"http://127.0.0.1:{port + 2}"
    config = s3_settings(
        redis_url=redis_url, s3_endpoint_url=endpoint, engine="fake", metrics_port=port
    )
    with workers(config, tmp_path / "log"):
        wait_until(lambda: get(port, "/startupz")[0] == 200, 120)

    assert f"{endpoint} does not answer" in (tmp_path / "log").read_text()


def scraped(port: int) -> str:
    """The metrics of a process."""
    return get(port, "/metrics")[1]


def test_a_worker_with_a_wrong_password_ends_with_status_5(
    settings: SettingsFactory, redis_server: RedisServer, tmp_path: Path
) -> None:
    url = redis_server.url.replace(redis_server.password, "no")

    with workers(settings(redis_url=url, engine="fake"), tmp_path / "log") as process:
        assert process.wait(30) == 5

    assert "error[broker_unreachable]: " in (tmp_path / "log").read_text()
