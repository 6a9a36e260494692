"""What came back for one question, and how many tokens of it were the answer."""

from dataclasses import dataclass

from workers.engines.deepseek.prompt_ids import END_ID


@dataclass(frozen=True)
class Answered:
    """One answer; ``finish_reason`` is vLLM's: stop, length, repetition, abort or error."""

    token_ids: tuple[int, ...]
    finish_reason: str
    prompt_tokens: int

    @property
    def output_tokens(self) -> int:
        """How many tokens were written."""
        return len(self.token_ids)

    @property
    def text_ids(self) -> list[int]:
        """The ids of the text, without the end mark."""
        return [token for token in self.token_ids if token != END_ID]

    @property
    def loops(self) -> bool:
        """Whether it was stopped because it repeated itself, or ends in a repetition."""
        return self.finish_reason == "repetition" or (
            self.finish_reason == "length" and ends_in_loop(self.token_ids)
        )

    @property
    def complete(self) -> bool:
        """Whether the model came to an end by itself."""
        return self.finish_reason == "stop"


def ends_in_loop(ids: tuple[int, ...], periods: int = 4, least: int = 64) -> bool:
    """Whether ``ids`` end in ``periods`` or more equal runs, at least ``least`` tokens in all."""
    tail = ids[-2048:]
    for period in range(1, len(tail) // periods + 1):
        span = max(period * periods, least)
        if span <= len(tail) and tail[-span:-period] == tail[len(tail) - span + period :]:
            return True
    return False
