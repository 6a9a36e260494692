"""How Flower shows this fleet: by job and page, with queue, wait and outcome."""

from typing import Any

#: Flower's names of columns, in our order, and what stands above them.
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
    """Flower's hook: ``task`` is a copy of Celery's record that may be changed.

    A page that failed is a task that succeeded, since its failure is a recorded result; so the
    outcome that the task returned is shown beside the state.
    """
    task.args = waited(task)
    if task.result:
        task.result = str(task.result).strip("'\"")
    return task


def waited(task: Any) -> str:
    """How long the message lay in its queue; "" while that is unknown."""
    if not task.sent or not task.started:
        return ""
    return f"{max(0.0, task.started - task.sent):.2f} s"
