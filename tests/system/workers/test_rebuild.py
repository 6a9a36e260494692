"""A copy of the store, which lacks some objects, and an empty broker make the whole fleet again."""

import shutil
from pathlib import Path

import pytest
import redis

from shared.config.settings import Settings
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import in_process, kill, pdf, processes_of, wait_until, workers
from tests.support.fleets.ledger_check import check_job


@pytest.fixture
def made(redis_url: str, settings: SettingsFactory, tmp_path: Path) -> Settings:
    """The settings of a fleet that reads pages slowly."""
    return settings(
        redis_url=redis_url,
        store=(tmp_path / "store").as_uri(),
        engine="fake",
        fake_latency_ms=300,
        fake_render=False,
        max_concurrency=2,
        num_workers=1,
    )


def submit(made: Settings, path: Path, pages: int) -> str:
    """The id of the job of a new document."""
    result = in_process(made, "submit", str(pdf(path, pages, title=path.stem)))
    assert result.status == 0, result.err
    return result.out.split()[0]


def files(folder: Path) -> dict[Path, tuple[int, bytes]]:
    """Time and content of each file below ``folder``."""
    return {
        path.relative_to(folder): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_restored_store_rebuilds_the_fleet_and_reads_no_page_again(
    made: Settings, redis_url: str, tmp_path: Path
) -> None:
    with workers(made, tmp_path / "log"):
        finished = submit(made, tmp_path / "finished.pdf", 2)
        damaged = submit(made, tmp_path / "damaged.pdf", 3)
        lost = submit(made, tmp_path / "lost.pdf", 1)
        assert in_process(made, "wait", finished, damaged, lost).status == 0
        half = submit(made, tmp_path / "half.pdf", 12)
        pages = JobStore(open_store(made))
        wait_until(lambda: len(pages.page_states(half).have) >= 3)
        kill(processes_of(made))
    queued = submit(made, tmp_path / "queued.pdf", 2)
    cancelled = submit(made, tmp_path / "cancelled.pdf", 2)
    assert in_process(made, "cancel", cancelled).status == 0

    # The disaster: the broker is empty, and the copy lacks job markers, a result and a source.
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "store", copy)
    shutil.rmtree(copy / "open")
    (copy / "jobs" / damaged / "pages" / "000002.json").unlink()
    (copy / "jobs" / lost / "source.pdf").unlink()
    (copy / "jobs" / lost / "document.md").unlink()
    restored = made.model_copy(update={"store": copy.as_uri(), "fake_latency_ms": 0})
    before = files(copy / "jobs")

    found = in_process(restored, "doctor", "--rebuild", "--json")
    check = next(line for line in found.lines if line["name"] == "rebuild")
    assert check["verdict"] == "error"
    assert check["found"] == f"6 jobs: 2 complete, 3 opened, 1 lost ({lost})"
    with workers(restored, tmp_path / "log"):
        ended = in_process(restored, "wait", damaged, half, queued, "--timeout", "60")
        assert ended.status == 0, ended.err

    store = open_store(restored)
    assert [check_job(store, job).status for job in (finished, damaged, half, queued)] == ["ok"] * 4
    assert check_job(store, cancelled).status == "cancelled"
    after = files(copy / "jobs")
    stored = [path for path in before if "pages" in path.parts]
    assert len(stored) >= 2 + 2 + 3
    assert [path for path in stored if after[path] != before[path]] == [], "pages were read again"
    unchanged = {path for path in before if path.parts[0] in (finished, cancelled)}
    assert [path for path in unchanged if after[path] != before[path]] == []
