"""Checks the form of a webhook URL; the worker checks the address that it resolves to."""

from urllib.parse import urlsplit

from shared.domain.errors import UsageError

MAX_CHARACTERS = 2000


def check_webhook(url: str) -> str:
    """``url`` unchanged; raises UsageError unless it is a plain http or https URL."""
    problem = _problem(url)
    if problem is not None:
        raise UsageError(f"webhook {url[:80]!r} {problem}; write https://host/path")
    return url


def _problem(url: str) -> str | None:
    if len(url) > MAX_CHARACTERS:
        return f"is longer than {MAX_CHARACTERS} characters"
    if not url.isascii() or not url.isprintable() or any(c in url for c in ' \\"<>'):
        return "has characters that must be percent-encoded"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "can't be understood"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "is no http or https address"
    if "@" in parts.netloc:
        return "holds a user or password, which would be stored in the clear"
    return None
