"""Samples GPU, cores and memory that this process and its children use."""

import os
import shutil
import subprocess
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

import psutil

from benchmarks.gpu.speed import Middle

INTERVAL_S = 0.5
REPORT_EVERY_S = 10.0
SHARED_MEMORY = "/dev/shm"
GIBIBYTE = 1024**3
_QUERY = "--query-gpu=index,utilization.gpu,memory.used"


@dataclass(frozen=True)
class Sample:
    """One moment; sums over the process tree and over the watched GPUs."""

    at: float
    #: User and system seconds of all processes that exist now.
    cpu_s: float
    #: Private memory, and files in shared memory.
    private_bytes: int
    rss_bytes: int
    #: Mean GPU utilisation, 0 to 1; None without a GPU.
    gpu_busy: float | None
    gpu_bytes: int


@dataclass(frozen=True)
class Usage:
    """The resources used in a span of time."""

    seconds: float
    cores: float
    peak_private_gib: float
    peak_rss_gib: float
    gpu_busy: float | None
    gpu_gib: float

    def plain(self) -> dict[str, float | None]:
        """JSON-ready values."""
        return {k: None if v is None else round(v, 4) for k, v in asdict(self).items()}


class Watch:
    """A context manager that samples in a thread and regularly prints a line."""

    def __init__(self, name: str, gpus: str) -> None:
        self._name = name
        self._gpus = frozenset(gpus.split(","))
        self._samples: list[Sample] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="watch", daemon=True)
        self._started = time.monotonic()

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def mark(self) -> float:
        """Take a sample; returns its monotonic time, for ``usage``."""
        sample = self._sample()
        self._samples.append(sample)
        return sample.at

    def usage(self, begin: float, end: float) -> Usage:
        """The resources used between two marks."""
        inside = [sample for sample in self._samples if begin <= sample.at <= end]
        if not inside:  # shorter than the time between two samples
            inside = [min(self._samples, key=lambda sample: abs(sample.at - begin))]
        busy = [sample.gpu_busy for sample in inside if sample.gpu_busy is not None]
        cpu = [sample.cpu_s for sample in inside]
        return Usage(
            seconds=end - begin,
            cores=(max(cpu) - cpu[0]) / (end - begin),
            peak_private_gib=max(sample.private_bytes for sample in inside) / GIBIBYTE,
            peak_rss_gib=max(sample.rss_bytes for sample in inside) / GIBIBYTE,
            gpu_busy=sum(busy) / len(busy) if busy else None,
            gpu_gib=max(sample.gpu_bytes for sample in inside) / GIBIBYTE,
        )

    def steady(self, middle: Middle | None) -> dict[str, Any]:
        """Speed and usage of a run's steady part; empty if there is none."""
        if middle is None:
            return {}
        usage = self.usage(middle.begin, middle.end).plain()
        return {"steady_pages_per_s": middle.pages_per_s, "steady_usage": usage}

    def say(self, text: str) -> None:
        """Print a line with the part's name and elapsed time."""
        print(f"[{self._name} {time.monotonic() - self._started:4.0f} s] {text}", flush=True)

    def _loop(self) -> None:
        reported = time.monotonic()
        while not self._stop.wait(INTERVAL_S):
            self._samples.append(self._sample())
            if time.monotonic() - reported > REPORT_EVERY_S:
                reported = time.monotonic()
                self._report()

    def _report(self) -> None:
        recent = [s for s in self._samples if s.at > time.monotonic() - REPORT_EVERY_S]
        if len(recent) < 2:
            return
        usage = self.usage(recent[0].at, recent[-1].at)
        gpu = "" if usage.gpu_busy is None else f"GPU {usage.gpu_busy:.0%} busy, "
        self.say(f"{gpu}{usage.cores:.1f} cores, {usage.peak_private_gib:.1f} GiB")

    def _sample(self) -> Sample:
        cpu, private, rss = _tree()
        busy, used = _gpus(self._gpus)
        return Sample(time.monotonic(), cpu, private + _shared_memory(), rss, busy, used)


def _tree() -> tuple[float, int, int]:
    """CPU seconds, private bytes and resident bytes of the process tree."""
    cpu, private, rss = 0.0, 0, 0
    me = psutil.Process()
    for process in [me, *me.children(recursive=True)]:
        try:
            times, memory = process.cpu_times(), process.memory_info()
        except psutil.Error:
            continue  # it ended in the meantime
        cpu += times.user + times.system
        private += memory.rss - memory.shared
        rss += memory.rss
    return cpu, private, rss


def _shared_memory() -> int:
    try:
        space = os.statvfs(SHARED_MEMORY)
    except OSError:
        return 0
    return (space.f_blocks - space.f_bfree) * space.f_frsize


def _gpus(watched: frozenset[str]) -> tuple[float | None, int]:
    """Mean busy share and bytes in use of the watched GPUs."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None, 0
    command = [tool, _QUERY, "--format=csv,noheader,nounits"]
    try:
        listing = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
        rows = [line.split(",") for line in listing.stdout.splitlines() if line.strip()]
        selected = [row for row in rows if row[0].strip() in watched]
        busy = [float(row[1]) / 100 for row in selected]
        used = sum(int(row[2]) for row in selected) * 1024**2
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None, 0
    return (sum(busy) / len(busy), used) if busy else (None, 0)
