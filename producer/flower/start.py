"""Starts Flower, if it is installed."""

from shared.config.hardware import has_package
from shared.config.settings import load_settings
from shared.domain.errors import UsageError


def start_flower(host: str | None, port: int | None, more: tuple[str, ...], *, wait: bool) -> int:
    """``pagefleet flower``; raises UsageError where the extra is missing."""
    if not has_package("flower"):
        raise UsageError("Flower is not installed: pip install 'pagefleet[flower]'")
    from producer.flower.server import serve_flower

    return serve_flower(load_settings(flower_host=host, flower_port=port), more, wait=wait)
