"""Speed of an open job and the time until it should end."""

from dataclasses import dataclass

from shared.broker.job_state import JobProgress


@dataclass(frozen=True)
class Pace:
    """Averages since the job was opened; None before its first finished page."""

    pages_per_s: float | None
    eta_s: float | None


def pace(job: JobProgress, now: float) -> Pace:
    """The pace of ``job`` at ``now``, seconds since the epoch."""
    new, elapsed = job.done - job.already, now - job.opened
    if new <= 0 or elapsed <= 0:
        return Pace(None, None)
    speed = new / elapsed
    return Pace(round(speed, 2), round((job.total - job.done) / speed, 1))


def duration(seconds: float) -> str:
    """``seconds`` as minutes:seconds or hours:minutes:seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
