"""A real fleet divides its pages between tenants, also when its worker is killed."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from shared.config.settings import Settings
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import in_process, pdf, wait_until
from tests.support.fleets.ledger_check import check_job, has_ended
from tests.system.failures.machines import Machine, send_signal, serving

IN_FLIGHT, SLICE, QUOTA = 4, 8, 12
LARGE, SMALL = 240, 72
#: Pages of another tenant before a new one's: a window, those in flight, and a turn.
AHEAD = 2 * IN_FLIGHT + IN_FLIGHT + SLICE


@pytest.fixture
def made(settings: SettingsFactory, redis_url: str, tmp_path: Path) -> Settings:
    return settings(
        redis_url=redis_url, engine="fake", fake_render=False, fake_latency_ms=60,
        fake_journal=tmp_path / "journal", max_concurrency=IN_FLIGHT, sweep_interval_s=1,
        tenant_label="team", tenant_weights="search=3", tenant_quotas=f"research={QUOTA}",
    )  # fmt: skip


@pytest.fixture
def machine(made: Settings, tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(made, tmp_path / "workers.log", {})
    yield machine
    machine.stop()


def submit(made: Settings, folder: Path, team: str, pages: int) -> str:
    path = pdf(folder / f"{team}.pdf", pages, title=team)
    ended = in_process(made, "submit", "--json", "--label", f"team={team}", str(path))
    assert ended.status == 0, ended.err
    return str(ended.lines[0]["job_id"])


def readings(made: Settings) -> list[tuple[str, str]]:
    """The digest in the job id, and the page, of each reading, in their order."""
    assert made.fake_journal is not None
    if not made.fake_journal.exists():
        return []
    lines = [line.split() for line in made.fake_journal.read_text().splitlines()]
    return [(line[0], line[1]) for line in lines]


@pytest.mark.usefixtures("machine")
def test_tenants_get_their_shares_and_keep_their_quotas_although_a_worker_is_killed(
    made: Settings, redis_url: str, tmp_path: Path
) -> None:
    large = submit(made, tmp_path, "research", LARGE)
    wait_until(lambda: len(readings(made)) > IN_FLIGHT)
    small = submit(made, tmp_path, "search", SMALL)
    of_large, of_small = large[:12], small[:12]
    before = len(readings(made))
    wait_until(lambda: sum(job == of_small for job, _ in readings(made)) > SMALL // 3)
    for pid in serving(made, "pages"):
        send_signal(pid, signal.SIGKILL)

    most = 0
    with redis.Redis.from_url(redis_url) as client:

        def has_ended_within_its_quota() -> bool:
            nonlocal most
            pages = client.zrange("pagefleet:outstanding:fake", 0, -1)
            most = max(most, sum(page.startswith(large.encode()) for page in pages))
            return all(has_ended(open_store(made), job) for job in (small, large))

        wait_until(has_ended_within_its_quota, 120)
        assert not client.exists("pagefleet:load:fake")

    order = readings(made)
    last = max(place for place, (job, _) in enumerate(order) if job == of_small)
    beside = {page for job, page in order[before:last] if job == of_large}
    assert len(beside) <= SMALL / 3 + AHEAD
    assert len(beside) >= SMALL / 3 - AHEAD
    assert 0 < most <= QUOTA
    for job, pages in ((large, LARGE), (small, SMALL)):
        assert check_job(open_store(made), job).counts["ok"] == pages
