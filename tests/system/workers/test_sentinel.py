"""A fleet whose broker is found by Sentinel keeps its jobs when another server is promoted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.broker.dispatch_state import DispatchState
from shared.config.settings import Settings
from shared.domain.errors import BrokerUnreachable
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import in_process, pdf, wait_until, workers
from tests.support.servers.sentinel_servers import MASTER, SentinelServers, sentinel_servers


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[SentinelServers]:
    """A primary, its replica and a Sentinel."""
    with sentinel_servers(tmp_path) as running:
        yield running


@pytest.fixture
def made(servers: SentinelServers, settings: SettingsFactory) -> Settings:
    """The settings of a fleet on these servers."""
    return settings(
        redis_url=servers.url,
        redis_sentinel_master=MASTER,
        redis_sentinel_password=servers.sentinel_password,
        engine="fake",
        fake_latency_ms=50,
        fake_render=False,
        num_workers=1,
        sweep_interval_s=1,
    )


def test_a_fleet_survives_the_failover_of_its_broker(
    made: Settings, servers: SentinelServers, tmp_path: Path
) -> None:
    with workers(made, tmp_path / "log"):
        job_id = in_process(made, "submit", str(pdf(tmp_path / "a.pdf", 30))).out.split()[0]
        wait_until(lambda: list(open_store(made).list(f"jobs/{job_id}/pages/")))
        servers.kill_primary()
        wait_until(lambda: servers.client(1).info("replication")["role"] == "master")
        ended = in_process(made, "wait", job_id, "--timeout", "60")
        again = in_process(made, "submit", str(pdf(tmp_path / "b.pdf", 2)), "--wait", "--json")

    assert ended.status == 0, ended.err
    jobs = JobStore(open_store(made))
    states = jobs.page_states(job_id)
    assert {each.attempts for each in jobs.results(job_id, sorted(states.all), states)} == {1}
    assert [line["status"] for line in again.lines] == ["ok"]


def test_doctor_names_the_primary_and_errors_show_no_password(
    made: Settings, servers: SentinelServers
) -> None:
    found = in_process(made, "doctor", "--json")
    broker = next(line for line in found.lines if line["name"] == "broker")
    assert f"127.0.0.1:{servers.ports[0]}" in broker["found"]

    unknown = made.model_copy(update={"redis_sentinel_master": "other"})
    with pytest.raises(BrokerUnreachable, match="other") as caught:
        DispatchState(unknown).ping()
    assert servers.password not in str(caught.value)
    assert servers.sentinel_password not in str(caught.value)
