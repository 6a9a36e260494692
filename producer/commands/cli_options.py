"""What is made of the words of a command line."""

from typing import Any

from producer.intake.labels import check_labels
from producer.intake.password_file import read_password
from producer.submission.request import Request
from shared.config.settings import Settings, load_settings
from shared.domain.errors import UsageError
from shared.domain.records import PageSettings, RenderOptions
from shared.domain.webhook_url import check_webhook

#: Options that are settings by another name: they override them for this command.
_SETTINGS = ("engine", "engine_url", "model", "max_concurrency", *PageSettings.model_fields)


def settings_of(given: dict[str, Any]) -> Settings:
    """The settings with what the command line says over them."""
    return load_settings(**{name: given.get(name) for name in _SETTINGS})


def request_of(given: dict[str, Any], settings: Settings, engine: str) -> Request:
    """The request that a command line makes; raises UsageError."""
    return Request(
        engine=engine,
        settings=settings,
        task=given["task"],
        prompt=given["prompt"],
        query=given["query"],
        pages=given["pages"],
        priority=given["priority"],
        render=render_options(given),
        labels=parse_labels(given["labels"]),
        webhook=check_webhook(given["webhook"]) if given.get("webhook") else None,
        password=read_password(given["password_file"]),
        force=given["force"],
        retry_failed=given["retry_failed"],
    )


def render_options(given: dict[str, Any], base: RenderOptions | None = None) -> RenderOptions:
    """What changes only the written document: ``base`` with the options given over it."""
    said = {name: given[name] for name in RenderOptions.model_fields if given[name] is not None}
    return (base or RenderOptions()).model_copy(update=said)


def parse_labels(pairs: tuple[str, ...]) -> dict[str, str]:
    """Labels from K=V words; raises UsageError."""
    labels = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f"label {pair!r} is not of the form K=V")
        labels[key] = value
    return check_labels(labels)
