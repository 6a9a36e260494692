"""Retries a page whose answer repeats itself or does not end: other sampling settings, then halves.

The number of generations is bounded: three for the page and two for each half. A page is read
completely or fails; its text is never cut short.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

from shared.domain.errors import PageError, Repetition, Truncated
from workers.engines.contract import Reading
from workers.engines.deepseek.fallback.page_halves import Half, joined
from workers.engines.deepseek.fallback.sampling import SAMPLING_STEPS, SamplingSettings
from workers.engines.deepseek.parsed_answer import ParsedAnswer

log = logging.getLogger("pagefleet.engine")


class AnyCompletion(Protocol):
    """The part of an engine's completion that decides about retries."""

    @property
    def finish_reason(self) -> str:
        """Why generation ended."""
        ...

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt, image included."""
        ...

    @property
    def output_tokens(self) -> int:
        """Generated tokens."""
        ...

    @property
    def loops(self) -> bool:
        """Whether the text repeats itself."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the model ended its answer itself."""
        ...


_Request = TypeVar("_Request")
_Completion = TypeVar("_Completion", bound=AnyCompletion)


class SamplingFallback(Generic[_Request, _Completion]):
    """Reads one page; the engine provides ``ask``, ``parse`` and ``split``."""

    def __init__(
        self,
        ask: Callable[[_Request, SamplingSettings], Awaitable[_Completion]],
        parse: Callable[[_Request, _Completion], ParsedAnswer],
        split: Callable[[_Request], Sequence[Half[_Request]]],
    ) -> None:
        self._ask = ask
        self._parse = parse
        self._split = split
        self._parse_s = 0.0
        self._prompt_tokens = 0
        self._output_tokens = 0
        self._last_reason = "stop"

    async def run(self, request: _Request) -> Reading:
        """The page's reading, with the tokens of all tries; raises Repetition or Truncated."""
        completion, sampling = await self._try(request, SAMPLING_STEPS)
        if completion is not None:
            reason = "stop" if sampling is SAMPLING_STEPS[0] else f"stop after {sampling.name}"
            return self._reading(self._parsed(request, completion), reason)
        return self._reading(await self._in_halves(request), "stop after halves")

    def _parsed(self, request: _Request, completion: _Completion) -> ParsedAnswer:
        started = time.perf_counter()
        answer = self._parse(request, completion)
        self._parse_s += time.perf_counter() - started
        return answer

    def _reading(self, answer: ParsedAnswer, reason: str) -> Reading:
        return Reading(
            answer.markdown,
            blocks=answer.blocks,
            finish_reason=reason,
            prompt_tokens=self._prompt_tokens,
            output_tokens=self._output_tokens,
            parse_ms=self._parse_s * 1000,
            notes=answer.notes,
            raw=answer.raw,
        )

    async def _try(
        self, request: _Request, steps: Sequence[SamplingSettings]
    ) -> tuple[_Completion | None, SamplingSettings]:
        """The first complete answer and its settings; None if no step gives one."""
        sampling = steps[0]
        for sampling in steps:
            completion = await self._ask(request, sampling)
            self._prompt_tokens += completion.prompt_tokens
            self._output_tokens += completion.output_tokens
            self._last_reason = completion.finish_reason
            if completion.complete:
                return completion, sampling
            looped = await asyncio.to_thread(_loops, completion)
            self._last_reason = "repetition" if looped else "length"
            log.warning(
                "an answer ended with reason %s (sampling: %s); retrying",
                self._last_reason,
                sampling.name,
            )
            if not looped:  # other settings do not make the text shorter
                break
        return None, sampling

    async def _in_halves(self, request: _Request) -> ParsedAnswer:
        halves = await asyncio.to_thread(self._split, request)
        if not halves:
            raise self._failure()
        answers = []
        for half in halves:
            completion, _ = await self._try(half.request, SAMPLING_STEPS[1:])
            if completion is None:
                raise self._failure()
            answers.append((half, self._parsed(half.request, completion)))
        return joined(answers)

    def _failure(self) -> PageError:
        if self._last_reason == "repetition":
            return Repetition("the answer repeats itself with all sampling settings and in halves")
        return Truncated("the page has more text than an answer holds, even in halves")


def _loops(completion: AnyCompletion) -> bool:
    return completion.loops
