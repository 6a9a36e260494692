"""What the model returned for one generation request, as token ids."""

from dataclasses import dataclass

from workers.engines.deepseek.prompt.token_ids import END_ID


@dataclass(frozen=True)
class Completion:
    """``finish_reason`` is vLLM's: stop, length, repetition, abort or error."""

    token_ids: tuple[int, ...]
    finish_reason: str
    prompt_tokens: int

    @property
    def output_tokens(self) -> int:
        """Number of generated tokens."""
        return len(self.token_ids)

    @property
    def text_ids(self) -> list[int]:
        """The token ids without the end-of-sentence id."""
        return [token for token in self.token_ids if token != END_ID]

    @property
    def loops(self) -> bool:
        """Whether generation was stopped for repetition, or was cut off inside a loop."""
        return self.finish_reason == "repetition" or (
            self.finish_reason == "length" and ends_in_loop(self.token_ids)
        )

    @property
    def complete(self) -> bool:
        """Whether the model ended its answer itself."""
        return self.finish_reason == "stop"


def ends_in_loop(ids: tuple[int, ...], periods: int = 4, least: int = 64) -> bool:
    """Whether ``ids`` end in ``periods`` or more equal runs of at least ``least`` tokens in all."""
    tail = ids[-2048:]
    for period in range(1, len(tail) // periods + 1):
        span = max(period * periods, least)
        if span <= len(tail) and tail[-span:-period] == tail[len(tail) - span + period :]:
            return True
    return False
