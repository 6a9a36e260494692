"""The sandbox with real children that allocate, hang, crash and are killed."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from shared.domain.errors import CorruptDocument, HelperUnavailable
from shared.processes.sandbox import Sandbox, SandboxCrash, SandboxMemory, SandboxTimeout


def double(number: int) -> int:
    return 2 * number


def process_id() -> int:
    return os.getpid()


def allocate_without_end() -> None:
    hoard = []
    while True:
        hoard.append(bytearray(16 * 1024 * 1024))


def loop_forever() -> None:
    while True:
        pass


def nap(seconds: float, begun: Path | None = None) -> int:
    """Sleep; the file ``begun`` tells the test that the call is running."""
    if begun is not None:
        begun.touch()
    time.sleep(seconds)
    return os.getpid()


def exit_with(status: int) -> None:
    os._exit(status)


def read_address_zero() -> None:
    ctypes.string_at(0)


def refuse() -> None:
    raise CorruptDocument("no good")


def divide_by_zero() -> float:
    return 1 / 0


class Stubborn(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__("stubborn")


def raise_unpicklable() -> None:
    raise Stubborn(1, 2)


def answer_unpicklable() -> object:
    return lambda: None


def write_without_end(path: str) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    with Path(path).open("wb") as file:
        while True:
            file.write(bytes(100_000))


def limits() -> dict[str, int]:
    names = ("RLIMIT_CORE", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_AS", "RLIMIT_CPU")
    return {name: resource.getrlimit(getattr(resource, name))[0] for name in names}


def for_good() -> list[str]:
    """The hard limits, which a process without privileges can't raise."""
    names = ("RLIMIT_CORE", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_AS")
    found = {name: resource.getrlimit(getattr(resource, name)) for name in names}
    return [name for name, (soft, hard) in found.items() if soft == hard]


def gains_no_privileges() -> bool:
    return "NoNewPrivs:\t1" in Path("/proc/self/status").read_text("ascii")


def compute_forever() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (1, hard))
    while True:
        pass


def environment() -> dict[str, str]:
    return dict(os.environ)


def ignores_interrupt() -> bool:
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("test", processes=1, memory_mb=256) as sandbox:
        yield sandbox


def wait_until_exists(path: Path, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} was not made"
        time.sleep(0.02)


def wait_until_dead(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_function_runs_in_another_process_and_returns_its_result(sandbox: Sandbox) -> None:
    assert sandbox.run(double, 21, timeout_s=30) == 42
    assert sandbox.run(process_id, timeout_s=30) != os.getpid()


def test_a_child_that_allocates_without_end_fails_only_its_call(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxMemory):
        sandbox.run(allocate_without_end, timeout_s=30)

    assert sandbox.run(double, 4, timeout_s=30) == 8


def test_a_child_that_loops_forever_is_killed_in_time(sandbox: Sandbox) -> None:
    victim = sandbox.run(process_id, timeout_s=30)
    started = time.monotonic()

    with pytest.raises(SandboxTimeout):
        sandbox.run(loop_forever, timeout_s=0.3)

    assert time.monotonic() - started < 5
    assert wait_until_dead(victim)
    assert sandbox.run(double, 4, timeout_s=30) == 8


def test_a_child_that_exits_is_reported_with_its_exit_status(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxCrash, match="exit status 17") as caught:
        sandbox.run(exit_with, 17, timeout_s=30)

    assert caught.value.how == "exit status 17"
    assert sandbox.run(double, 4, timeout_s=30) == 8


def test_a_child_that_segfaults_is_reported_with_the_signal(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxCrash, match="SIGSEGV"):
        sandbox.run(read_address_zero, timeout_s=30)

    assert sandbox.run(double, 4, timeout_s=30) == 8


def test_a_child_killed_during_a_call_counts_as_out_of_memory(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    victim = sandbox.run(process_id, timeout_s=30)
    future = sandbox.submit(nap, 30, tmp_path / "begun", timeout_s=60)
    wait_until_exists(tmp_path / "begun")

    os.kill(victim, signal.SIGKILL)

    with pytest.raises(SandboxMemory, match="ran out of memory"):
        future.result(10)
    assert sandbox.run(double, 4, timeout_s=30) == 8


def test_an_idle_child_that_dies_is_replaced_without_an_error(sandbox: Sandbox) -> None:
    victim = sandbox.run(process_id, timeout_s=30)
    os.kill(victim, signal.SIGKILL)
    assert wait_until_dead(victim)

    assert sandbox.run(double, 4, timeout_s=30) == 8


def test_children_run_with_the_requested_niceness() -> None:
    with Sandbox("test", processes=1, memory_mb=256, niceness=3) as sandbox:
        assert sandbox.run(os.nice, 0, timeout_s=20) == min(19, os.nice(0) + 3)


def test_a_crash_does_not_affect_calls_in_other_children() -> None:
    with Sandbox("test", processes=2, memory_mb=256) as sandbox:
        sleeper = sandbox.submit(nap, 1.5, timeout_s=30)
        with pytest.raises(SandboxCrash):
            sandbox.run(exit_with, 3, timeout_s=30)
        with pytest.raises(SandboxTimeout):
            sandbox.run(loop_forever, timeout_s=0.1)

        assert sleeper.result(30) > 0


def test_a_child_survives_an_exception_of_its_function(sandbox: Sandbox) -> None:
    first = sandbox.run(process_id, timeout_s=30)

    with pytest.raises(CorruptDocument, match="no good"):
        sandbox.run(refuse, timeout_s=30)
    with pytest.raises(ZeroDivisionError) as caught:
        sandbox.run(divide_by_zero, timeout_s=30)

    assert "divide_by_zero" in caught.value.__notes__[0]
    assert sandbox.run(process_id, timeout_s=30) == first


def test_a_value_that_cannot_be_pickled_is_an_error_and_not_a_hang(sandbox: Sandbox) -> None:
    with pytest.raises(RuntimeError, match="Stubborn: stubborn"):
        sandbox.run(raise_unpicklable, timeout_s=30)
    with pytest.raises(Exception, match="pickle"):
        sandbox.run(answer_unpicklable, timeout_s=30)
    with pytest.raises(Exception, match="pickle"):
        sandbox.run(double, lambda: None, timeout_s=30)

    assert sandbox.run(double, 4, timeout_s=30) == 8


def test_the_time_limit_of_a_call_starts_when_the_call_starts(sandbox: Sandbox) -> None:
    futures: list[Future[int]] = [sandbox.submit(nap, 0.3, timeout_s=2) for _ in range(8)]

    assert len({future.result(30) for future in futures}) == 1


def test_a_child_is_replaced_after_its_maximum_of_calls() -> None:
    with Sandbox("test", processes=1, memory_mb=256, max_tasks=2) as sandbox:
        pids = [sandbox.run(process_id, timeout_s=30) for _ in range(4)]

    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_children_have_limits_and_ignore_interrupts(sandbox: Sandbox) -> None:
    found = sandbox.run(limits, timeout_s=30)

    assert found["RLIMIT_CORE"] == 0
    assert 0 < found["RLIMIT_NOFILE"] <= 1024
    assert 0 < found["RLIMIT_FSIZE"] <= 16 * 1024**3
    assert found["RLIMIT_AS"] > 0
    assert 30 < found["RLIMIT_CPU"] <= 40 + 30 * (os.cpu_count() or 1)
    assert len(sandbox.run(for_good, timeout_s=30)) == 4
    assert sandbox.run(gains_no_privileges, timeout_s=30)
    assert sandbox.run(ignores_interrupt, timeout_s=30)


def test_processor_time_is_limited_even_without_a_parent_that_watches_the_clock(
    sandbox: Sandbox,
) -> None:
    with pytest.raises(SandboxTimeout, match="processor"):
        sandbox.run(compute_forever, timeout_s=600)

    assert sandbox.run(ignores_interrupt, timeout_s=30)


def test_a_child_cannot_fill_the_disk(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="too large"):
        sandbox.run(write_without_end, str(tmp_path / "big"), timeout_s=30)


def test_children_see_no_credentials_and_no_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGEFLEET_REDIS_URL", "redis://:secret@host/0")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with Sandbox("test", processes=1, memory_mb=256) as sandbox:
        seen = sandbox.run(environment, timeout_s=30)

    assert "secret" not in " ".join(seen.values())
    assert seen["ORT_DISABLE_TELEMETRY"] == "1"


def test_the_memory_limit_comes_on_top_of_the_preloaded_modules() -> None:
    with Sandbox("test", processes=1, memory_mb=128, preload=("numpy",)) as sandbox:
        assert sandbox.run(double, 1, timeout_s=30) == 2


def test_close_ends_running_and_waiting_calls_and_every_child(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    child = sandbox.run(process_id, timeout_s=30)
    futures = [sandbox.submit(nap, 60, tmp_path / "begun", timeout_s=90) for _ in range(3)]
    wait_until_exists(tmp_path / "begun")
    started = time.monotonic()

    sandbox.close()

    for future in futures:
        with pytest.raises(HelperUnavailable):
            future.result(1)
    with pytest.raises(HelperUnavailable):
        sandbox.run(double, 1, timeout_s=1)
    assert time.monotonic() - started < 5
    assert wait_until_dead(child)


def test_a_waiting_call_can_be_cancelled(sandbox: Sandbox) -> None:
    first = sandbox.submit(nap, 0.5, timeout_s=30)
    second = sandbox.submit(double, 1, timeout_s=30)

    assert second.cancel()
    assert first.result(30) > 0
    assert sandbox.run(double, 2, timeout_s=30) == 4


def test_a_child_outlives_the_thread_that_submitted_its_first_call(sandbox: Sandbox) -> None:
    pids: list[int] = []
    thread = threading.Thread(target=lambda: pids.append(sandbox.run(process_id, timeout_s=30)))
    thread.start()
    thread.join()

    assert sandbox.run(process_id, timeout_s=30) == pids[0]


PARENT = """
import os, sys, time
from shared.processes.sandbox import Sandbox
sandbox = Sandbox("orphan", processes=1, memory_mb=256)
print(sandbox.run(os.getpid, timeout_s=30), flush=True)
sandbox.submit(time.sleep, 60, timeout_s=90)
{end}
"""


@pytest.mark.parametrize("end", ["time.sleep(60)", "sys.exit(0)"])
def test_no_child_outlives_its_parent(end: str) -> None:
    program = [sys.executable, "-c", PARENT.format(end=end)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        if "sleep" in end:
            parent.kill()
        parent.wait(10)

    assert wait_until_dead(child)


def test_many_threads_share_a_few_children() -> None:
    with Sandbox("test", processes=2, memory_mb=256) as sandbox:
        futures = [sandbox.submit(double, number, timeout_s=30) for number in range(200)]

        assert [future.result(30) for future in futures] == [2 * n for n in range(200)]
