"""What happens to a page whose answer loops or does not end: other ways to ask, then halves.

Bounded: three ways for the page, two for each half. A page is whole or failed, never cut short.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

from shared.domain.errors import PageError, Repetition, Truncated
from workers.engines.contract import Reading
from workers.engines.deepseek.answers import Answer
from workers.engines.deepseek.fallback.page_halves import Half, joined
from workers.engines.deepseek.fallback.sampling import RUNGS, Rung

log = logging.getLogger("pagefleet.engine")


class AnyAnswer(Protocol):
    """What the ladder looks at in an answer."""

    @property
    def finish_reason(self) -> str:
        """Why it ended."""
        ...

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the question."""
        ...

    @property
    def output_tokens(self) -> int:
        """Tokens of the answer."""
        ...

    @property
    def loops(self) -> bool:
        """Whether it repeats itself."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the model came to an end by itself."""
        ...


_Question = TypeVar("_Question")
_Answered = TypeVar("_Answered", bound=AnyAnswer)


class Ladder(Generic[_Question, _Answered]):
    """One page's way; ``ask``, ``parse`` and ``split`` are the engine's."""

    def __init__(
        self,
        ask: Callable[[_Question, Rung], Awaitable[_Answered]],
        parse: Callable[[_Question, _Answered], Answer],
        split: Callable[[_Question], Sequence[Half[_Question]]],
    ) -> None:
        self._ask = ask
        self._parse = parse
        self._split = split
        self._parse_s = 0.0
        self._prompt_tokens = 0
        self._output_tokens = 0
        self._last = "stop"

    async def climb(self, question: _Question) -> Reading:
        """What was read, its tokens those of all tries; raises Repetition or Truncated."""
        answered, rung = await self._try(question, RUNGS)
        if answered is not None:
            reason = "stop" if rung is RUNGS[0] else f"stop after {rung.name}"
            return self._reading(self._parsed(question, answered), reason)
        return self._reading(await self._in_halves(question), "stop after halves")

    def _parsed(self, question: _Question, answered: _Answered) -> Answer:
        started = time.perf_counter()
        answer = self._parse(question, answered)
        self._parse_s += time.perf_counter() - started
        return answer

    def _reading(self, answer: Answer, reason: str) -> Reading:
        return Reading(
            answer.markdown,
            blocks=answer.blocks,
            finish_reason=reason,
            prompt_tokens=self._prompt_tokens,
            output_tokens=self._output_tokens,
            parse_ms=self._parse_s * 1000,
            notes=answer.notes,
        )

    async def _try(
        self, question: _Question, rungs: Sequence[Rung]
    ) -> tuple[_Answered | None, Rung]:
        rung = rungs[0]
        for rung in rungs:
            answered = await self._ask(question, rung)
            self._prompt_tokens += answered.prompt_tokens
            self._output_tokens += answered.output_tokens
            self._last = answered.finish_reason
            if answered.complete:
                return answered, rung
            looped = await asyncio.to_thread(_loops, answered)
            self._last = "repetition" if looped else "length"
            log.warning("an answer ended by %s (%s); trying again", self._last, rung.name)
            if not looped:  # too long for any settings
                break
        return None, rung

    async def _in_halves(self, question: _Question) -> Answer:
        parts = await asyncio.to_thread(self._split, question)
        if not parts:
            raise self._failure()
        answers = []
        for part in parts:
            answered, _ = await self._try(part.question, RUNGS[1:])
            if answered is None:
                raise self._failure()
            answers.append((part, self._parsed(part.question, answered)))
        return joined(answers)

    def _failure(self) -> PageError:
        if self._last == "repetition":
            return Repetition("the answer repeats itself in every way of asking, and in halves too")
        return Truncated("the page has more text than an answer holds, even in halves")


def _loops(answered: AnyAnswer) -> bool:
    return answered.loops
