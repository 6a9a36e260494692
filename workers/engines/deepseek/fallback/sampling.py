"""The sampling settings of a page, from the published ones to those for pages that repeat."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SamplingSettings:
    """``name`` is written to the page result as part of its finish reason."""

    name: str
    #: Size of the n-grams that must not occur twice within ``window`` output tokens.
    ngram: int
    window: int
    temperature: float = 0.0


#: The published settings, then a 1024-token n-gram window, then also temperature 0.3.
SAMPLING_STEPS = (
    SamplingSettings("recipe", 30, 90),
    SamplingSettings("wide n-gram", 20, 1024),
    SamplingSettings("temperature", 20, 1024, 0.3),
)
SEED = 7
