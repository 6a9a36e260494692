"""A scratch folder is removed with its process, or by the next process after a crash."""

import subprocess
import sys
from pathlib import Path

from workers.host.scratch import SHARED_MEMORY, Scratch

HOLDER = """
import sys, time
from pathlib import Path
from workers.host.scratch import Scratch
scratch = Scratch(Path(sys.argv[1]))
scratch.new_path(".rgb").write_bytes(b"pixels")
print(scratch.folder, flush=True)
time.sleep(60)
"""


def test_closing_removes_the_folder_and_its_files(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    scratch.new_path(".rgb").write_bytes(b"pixels")

    scratch.close()
    scratch.close()

    assert list(tmp_path.iterdir()) == []


def test_every_path_is_new(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)

    assert len({scratch.new_path(".rgb") for _ in range(100)}) == 100
    scratch.close()


def test_other_users_may_not_read_the_folder(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)

    assert scratch.folder.stat().st_mode & 0o077 == 0
    scratch.close()


def test_a_start_removes_folders_of_dead_processes_only(tmp_path: Path) -> None:
    living = Scratch(tmp_path)
    program = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        orphan = Path(holder.stdout.readline().strip())
        second = Scratch(tmp_path)
        assert orphan.is_dir()
        holder.kill()
        holder.wait(10)

    third = Scratch(tmp_path)

    assert not orphan.exists()
    assert living.folder.is_dir()
    assert second.folder.is_dir()
    for scratch in (living, second, third):
        scratch.close()


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "lock").touch()
    base = tmp_path / "base"
    base.mkdir()
    (base / "pagefleet-pixels-1-x").symlink_to(precious)

    Scratch(base).close()

    assert precious.is_dir()


def test_shared_memory_of_a_dead_process_is_freed_where_it_leaves_no_room(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(SHARED_MEMORY)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        orphan = Path(holder.stdout.readline().strip())
        holder.kill()

    scratch = Scratch(least_free=1 << 60)

    assert not orphan.exists()
    assert SHARED_MEMORY not in scratch.folder.parents
    scratch.close()
