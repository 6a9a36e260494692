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

    The task of a failed page succeeds, because the failure is a recorded result. So the column
    "Outcome" shows what the task returned.
    """
    task.args = waited(task)
    if task.result:
        task.result = str(task.result).strip("'\"")
    return task


def waited(task: Any) -> str:
    """Seconds between publishing and start, as text; "" while they are unknown."""
    if not task.sent or not task.started:
        return ""
    return f"{max(0.0, task.started - task.sent):.2f} s"
