"""The columns of Flower's task list: job and page, queue, waiting time, outcome."""

from typing import Any

#: Flower's columns in the order of display, with their headings.
COLUMNS = {
    "uuid": "Job / page",
    "state": "State",
    "result": "Outcome",
    "routing_key": "Queue",
    "args": "Waited",
    "received": "Received",
    "runtime": "Runtime",
    "worker": "Worker",
}


def format_task(task: Any) -> Any:
    """Flower's hook: ``task`` is a copy of Celery's record, which may be changed.

    The column "Outcome" shows what the task returned, or why its page failed.
    """
    task.args = waited(task)
    outcome = task.result or getattr(task, "exception", None)
    if outcome:
        task.result = _unquoted(str(outcome))
    return task


def _unquoted(text: str) -> str:
    """The text in ``'text'`` or ``PageFailed('text')``."""
    return text.removeprefix("PageFailed(").removesuffix(")").strip("'\"")


def waited(task: Any) -> str:
    """Seconds between publishing and start, as text; "" while they are unknown."""
    if not task.sent or not task.started:
        return ""
    return f"{max(0.0, task.started - task.sent):.2f} s"
