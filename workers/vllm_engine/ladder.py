"""What happens to a page whose answer loops or does not end: other ways to ask, then halves.

Bounded: three ways for the page, two for each half. A page is whole or failed, never cut short.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from shared.errors import PageError, Repetition, Truncated
from workers.deepseek.answers import Answer
from workers.vllm_engine.answer import Answered
from workers.vllm_engine.halves import Question, halves, joined
from workers.vllm_engine.sampling import RUNGS, Rung

log = logging.getLogger("pagefleet.engine")
Ask = Callable[[Question, Rung], Awaitable[Answered]]
Parse = Callable[[Question, Answered], Answer]


@dataclass(frozen=True)
class Climbed:
    """What a page's answer came to; tokens are those of all tries."""

    answer: Answer
    finish_reason: str
    prompt_tokens: int
    output_tokens: int


class Ladder:
    """One page's way; ``ask`` and ``parse`` are the engine's."""

    def __init__(self, ask: Ask, parse: Parse) -> None:
        self._ask = ask
        self._parse = parse
        self._prompt_tokens = 0
        self._output_tokens = 0
        self._last = "stop"

    async def climb(self, question: Question) -> Climbed:
        """The page's answer; raises Repetition or Truncated where every way failed."""
        answered, rung = await self._try(question, RUNGS)
        if answered is not None:
            reason = "stop" if rung is RUNGS[0] else f"stop after {rung.name}"
            return self._climbed(self._parse(question, answered), reason)
        return self._climbed(await self._in_halves(question), "stop after halves")

    def _climbed(self, answer: Answer, reason: str) -> Climbed:
        return Climbed(answer, reason, self._prompt_tokens, self._output_tokens)

    async def _try(self, question: Question, rungs: Sequence[Rung]) -> tuple[Answered | None, Rung]:
        rung = rungs[0]
        for rung in rungs:
            answered = await self._ask(question, rung)
            self._prompt_tokens += answered.prompt_tokens
            self._output_tokens += len(answered.token_ids)
            self._last = answered.finish_reason
            if answered.complete:
                return answered, rung
            looped = await asyncio.to_thread(_loops, answered)
            self._last = "repetition" if looped else "length"
            log.warning("an answer ended by %s (%s); trying again", self._last, rung.name)
            if not looped:  # too long for any settings
                break
        return None, rung

    async def _in_halves(self, question: Question) -> Answer:
        parts = await asyncio.to_thread(halves, question)
        answers = []
        for part in parts:
            answered, _ = await self._try(part.question, RUNGS[1:])
            if answered is None:
                raise self._failure()
            answers.append((part, self._parse(part.question, answered)))
        return joined(answers)

    def _failure(self) -> PageError:
        if self._last == "repetition":
            return Repetition("the answer repeats itself in every way of asking, and in halves too")
        return Truncated("the page has more text than an answer holds, even in halves")


def _loops(answered: Answered) -> bool:
    return answered.loops
