"""Measures the reducer: time and memory of merging documents of several lengths.

    python -m benchmarks.merging --sizes 5000,20000,50000

Each document is merged from a file store by a process of its own, as the reducer does it.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from shared.domain.records.job import Manifest
from shared.jobs.job_store import JobStore
from shared.jobs.reduction import reduce_job
from shared.storage.store_file import FileStore
from tests.support.documents.long_document import long_manifest, write_results


def main() -> int:
    """Measure and print one line per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="5000,20000,50000")
    parser.add_argument("--store", type=Path, help="merge the job in this folder and print figures")
    arguments = parser.parse_args()
    if arguments.store:
        print(json.dumps(_merged(arguments.store)))
        return 0
    for size in map(int, arguments.sizes.split(",")):
        print(_line(size, measure(size)), flush=True)
    return 0


def measure(pages: int) -> dict[str, Any]:
    """Figures of one process that merges a document of ``pages`` pages."""
    with tempfile.TemporaryDirectory(prefix="pagefleet-bench-") as folder:
        write_results(Path(folder), long_manifest(pages))
        command = [sys.executable, "-m", "benchmarks.merging", "--store", folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return dict(json.loads(done.stdout))


def _merged(folder: Path) -> dict[str, Any]:
    (job,) = (folder / "jobs").iterdir()
    manifest = Manifest.model_validate_json((job / "job.json").read_bytes())
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    done = reduce_job(JobStore(FileStore(folder)), manifest)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "status": done.status,
        "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "wall_s": time.perf_counter() - started,
        "start_mib": before.ru_maxrss / 1024,
        "peak_mib": after.ru_maxrss / 1024,
        "markdown_mb": (job / "document.md").stat().st_size / 1e6,
        "json_mb": (job / "document.json").stat().st_size / 1e6,
    }


def _line(size: int, figures: dict[str, Any]) -> str:
    return ", ".join(
        (
            f"{size} pages",
            f"{figures['markdown_mb']:.0f} MB of Markdown",
            f"{figures['json_mb']:.0f} MB of JSON",
            f"{figures['cpu_s']:.1f} s of CPU",
            f"{1000 * figures['cpu_s'] / size:.2f} ms a page",
            f"{figures['wall_s']:.1f} s",
            f"memory {figures['start_mib']:.0f} MiB at the start",
            f"{figures['peak_mib']:.0f} at the peak",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
