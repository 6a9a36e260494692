"""The no-repeat n-gram rule of one request, under the parameter names of vLLM's recipe."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT_WINDOW = 100
LARGEST_WINDOW = 4096
MOST_ALLOWED = 16


@dataclass(frozen=True)
class Rule:
    """No n-gram of ``size`` tokens may occur twice within the last ``window`` output tokens.

    Tokens in ``allowed`` are never banned. A size below 2 bans nothing.
    """

    size: int
    window: int = DEFAULT_WINDOW
    allowed: tuple[int, ...] = ()

    @property
    def lags(self) -> int:
        """The largest distance, in tokens, between two occurrences that counts as a repetition."""
        return max(0, self.window - self.size + 1) if self.size > 1 else 0


def rule_of(extra_args: Mapping[str, Any] | None) -> Rule | None:
    """The rule in a request's ``extra_args``, None if there is none; raises ValueError."""
    size = (extra_args or {}).get("ngram_size")
    if extra_args is None or size is None:
        return None
    window = extra_args.get("window_size", DEFAULT_WINDOW)
    return Rule(
        _positive("ngram_size", size),
        _positive("window_size", window),
        _token_ids(extra_args.get("whitelist_token_ids")),
    )


def _positive(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= LARGEST_WINDOW:
        raise ValueError(f"`{name}` must be an integer from 1 to {LARGEST_WINDOW}, got {value!r}")
    return value


def _token_ids(value: object) -> tuple[int, ...]:
    if value is None:
        return ()
    if not isinstance(value, Iterable) or isinstance(value, str | bytes):
        raise ValueError(f"`whitelist_token_ids` must be a list of token ids, got {value!r}")
    ids = tuple(sorted(set(value)))
    if len(ids) > MOST_ALLOWED or not all(isinstance(item, int) for item in ids):
        raise ValueError(f"`whitelist_token_ids` must be at most {MOST_ALLOWED} token ids")
    return ids
