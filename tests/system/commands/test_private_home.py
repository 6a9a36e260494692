"""Nothing below PAGEFLEET_HOME is readable by other users, whatever the umask is."""

import os
import stat
import subprocess
import time
from pathlib import Path

import pytest

from shared.config.private_home import secure_home
from shared.config.settings import Settings
from shared.domain.errors import UsageError
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import BIN, environment, pdf, wait_until


def open_paths(folder: Path) -> list[str]:
    """Paths at or below ``folder`` that other users have any right to."""
    paths = [Path(top, name) for top, *names in os.walk(folder) for name in sum(names, ["."])]
    return [f"{path} {mode:o}" for path in paths if (mode := mode_of(path)) & 0o077]


def mode_of(path: Path) -> int:
    """The permission bits; 0 where the path is gone."""
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except FileNotFoundError:
        return 0


def test_a_run_leaves_and_uses_only_private_files_in_the_home(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings(engine="fake", fake_latency_ms=500, heartbeat_dir=tmp_path / "home" / "beats")
    command = [str(BIN / "pagefleet"), "run", str(pdf(tmp_path / "a.pdf", 2)), "-o", "out"]
    found: set[str] = set()

    with subprocess.Popen(command, env=environment(config), umask=0, cwd=tmp_path) as process:
        while process.poll() is None:
            found.update(open_paths(config.home))
            time.sleep(0.05)  # looking without a pause would take the core of the run

    assert process.returncode == 0
    assert list((config.home / "store").rglob("*.pdf"))
    assert found | set(open_paths(config.home)) == set()
    assert mode_of(tmp_path / "out" / "a.md") == 0o644


def test_a_watcher_uses_only_private_files_in_the_home(
    settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    config: Settings = settings(engine="fake", redis_url=redis_url)
    (tmp_path / "inbox").mkdir()
    pdf(tmp_path / "inbox" / "a.pdf", 1)
    command = [str(BIN / "pagefleet"), "watch", str(tmp_path / "inbox"), "--settle", "0"]
    jobs = config.home / "store" / "jobs"

    with subprocess.Popen(command, env=environment(config), umask=0, cwd=tmp_path) as process:
        wait_until(lambda: list(jobs.glob("*/job.json")))
        found = open_paths(config.home)
        process.terminate()

    assert found == []


def test_an_open_home_is_closed_with_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = tmp_path / "home"
    (home / "store").mkdir(parents=True)
    (home / "store").chmod(0o777)
    home.chmod(0o755)

    for _ in range(2):
        secure_home(home)

    assert open_paths(home) == []
    assert caplog.messages == [f"only its owner may use {home} now: its mode was 755"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give folders away")
def test_the_home_of_another_user_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 4711, -1)

    with pytest.raises(UsageError, match="belongs to user 4711; set it to a folder of yours"):
        secure_home(home)


def test_a_store_elsewhere_keeps_the_umask_of_its_operator(
    settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    config = settings(engine="fake", redis_url=redis_url, store=(tmp_path / "shared").as_uri())
    command = [str(BIN / "pagefleet"), "submit", str(pdf(tmp_path / "a.pdf", 1))]

    subprocess.run(command, env=environment(config), umask=0o002, cwd=tmp_path, check=True)

    (manifest,) = (tmp_path / "shared").glob("jobs/*/job.json")
    assert mode_of(manifest) == 0o664
    assert mode_of(manifest.parent) == 0o775
