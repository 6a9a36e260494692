"""Tasks of the model: names, Chinese aliases and the published prompts.

The prompts are copied from ``config.py`` and the README of deepseek-ai/DeepSeek-OCR. They have no
trailing space, because the model is sensitive to every character.
"""

from enum import StrEnum

from shared.domain.errors import UsageError


class Task(StrEnum):
    """What the engine does with a page."""

    MARKDOWN = "markdown"
    FREE_OCR = "free-ocr"
    OCR = "ocr"
    LAYOUT = "layout"
    LOCATE = "locate"
    FIGURE = "figure"
    DESCRIBE = "describe"
    CUSTOM = "custom"


ALIASES = {
    "文档转换": Task.MARKDOWN,
    "自由OCR": Task.FREE_OCR,
    "图像OCR": Task.OCR,
    "布局分析": Task.LAYOUT,
    "视觉定位": Task.LOCATE,
    "图表解析": Task.FIGURE,
    "图像描述": Task.DESCRIBE,
    "自定义": Task.CUSTOM,
}

_MARKDOWN_PROMPT = "<image>\n<|grounding|>Convert the document to markdown."

_PROMPTS = {
    Task.MARKDOWN: _MARKDOWN_PROMPT,
    Task.FREE_OCR: "<image>\nFree OCR.",
    Task.OCR: "<image>\n<|grounding|>OCR this image.",
    Task.LAYOUT: _MARKDOWN_PROMPT,
    Task.FIGURE: "<image>\nParse the figure.",
    Task.DESCRIBE: "<image>\nDescribe this image in detail.",
}

MAX_PROMPT_CHARACTERS = 4_000


def parse_task(name: str) -> Task:
    """The task called ``name`` in English or Chinese; raises UsageError."""
    cleaned = name.strip()
    for alias, task in ALIASES.items():
        if cleaned.casefold() == alias.casefold():
            return task
    try:
        return Task(cleaned.lower())
    except ValueError:
        known = ", ".join(task.value for task in Task)
        raise UsageError(f"unknown task {name!r}; use one of: {known}") from None


def task_choices() -> str:
    """Every task name, for help texts: "markdown, … or custom"."""
    *names, last = Task
    return f"{', '.join(names)} or {last}"


def check_task_arguments(task: Task, prompt: str | None, query: str | None) -> None:
    """Raise UsageError where ``task`` lacks its prompt or query, or has one it does not use."""
    if task is Task.CUSTOM and not (prompt or "").strip():
        raise UsageError("task 'custom' needs --prompt TEXT")
    if task is Task.LOCATE and not (query or "").strip():
        raise UsageError("task 'locate' needs --query TEXT (what to find on the page)")
    if prompt is not None and task is not Task.CUSTOM:
        raise UsageError(f"--prompt is only for task 'custom', not {task.value!r}")
    if query is not None and task is not Task.LOCATE:
        raise UsageError(f"--query is only for task 'locate', not {task.value!r}")
    _check_text(prompt or query or "")


def _check_text(text: str) -> None:
    if len(text) > MAX_PROMPT_CHARACTERS:
        raise UsageError(f"the prompt or query is longer than {MAX_PROMPT_CHARACTERS} characters")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise UsageError("the prompt or query is no valid text; write it in UTF-8")


def prompt_for(task: Task, prompt: str | None = None, query: str | None = None) -> str:
    """The text sent to the model, with exactly one ``<image>`` placeholder."""
    if task is Task.LOCATE:
        return f"<image>\nLocate <|ref|>{strip_model_tags(query or '')}<|/ref|> in the image."
    if task is Task.CUSTOM:
        return "<image>\n" + (prompt or "").replace("<image>", "").strip()
    return _PROMPTS[task]


def strip_model_tags(query: str) -> str:
    """``query`` without the model's control tags, which could change the meaning of the prompt."""
    for tag in ("<image>", "<|ref|>", "<|/ref|>", "<|det|>", "<|/det|>", "<|grounding|>"):
        query = query.replace(tag, " ")
    return " ".join(query.split())
