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
    _only_plain_values(task)
    task.args = waited(task)
    outcome = task.result or getattr(task, "exception", None)
    if outcome:
        task.result = _unquoted(str(outcome))
    return task


def _only_plain_values(task: Any) -> None:
    """Turn other values into text, because Flower's page takes a list in an event for HTML.

    Any client of the broker can send events.
    """
    for name in COLUMNS:
        if isinstance(value := getattr(task, name, None), list | tuple | dict):
            setattr(task, name, str(value))


def _unquoted(text: str) -> str:
    """The text in ``'text'`` or ``PageFailed('text')``."""
    return text.removeprefix("PageFailed(").removesuffix(")").strip("'\"")


def waited(task: Any) -> str:
    """Seconds between publishing and start, as text; "" while they are unknown."""
    if not task.sent or not task.started:
        return ""
    return f"{max(0.0, task.started - task.sent):.2f} s"
