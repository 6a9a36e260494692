"""``pagefleet report``: writes an HTML page about one job."""

from pathlib import Path

from producer.connections import Connections
from producer.report import report_job
from producer.status.find_jobs import find_job
from shared.config.settings import load_settings
from shared.console.entry_point import print_message
from shared.domain.errors import ExitCode


def write_job_report(job_id: str, output: Path) -> int:
    """Write the report to ``output`` and print where its pictures are."""
    connections = Connections(load_settings())
    pictures = report_job(connections, find_job(connections.jobs, job_id), output)
    print_message(f"wrote {output}" + (f", with its pictures in {pictures}" if pictures else ""))
    return ExitCode.OK
