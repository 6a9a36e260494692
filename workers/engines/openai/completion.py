"""What a server returned for one generation request, as text."""

from dataclasses import dataclass

from shared.domain.errors import EngineFailed, EngineUnreachable
from workers.engines.deepseek.completion import ends_in_loop
from workers.engines.openai.replies import CompletionReply

#: A truncated answer counts as a loop if at least so many characters at its end repeat.
LEAST_LOOP = 256
#: Above the tokens of any answer.
MAX_TOKENS = 2**31 - 1


@dataclass(frozen=True)
class Completion:
    """``finish_reason`` is the server's: stop, length or repetition."""

    text: str
    finish_reason: str
    prompt_tokens: int
    output_tokens: int

    @property
    def complete(self) -> bool:
        """Whether the model ended its answer itself."""
        return self.finish_reason == "stop"

    @property
    def loops(self) -> bool:
        """Whether generation was stopped for repetition, or was cut off inside a loop."""
        if self.finish_reason == "repetition":
            return True
        characters = tuple(ord(character) for character in self.text)
        return self.finish_reason == "length" and ends_in_loop(characters, least=LEAST_LOOP)


def read_completion(reply: CompletionReply) -> Completion:
    """The completion in ``reply``; raises EngineFailed or EngineUnreachable if it has none."""
    if not reply.choices:
        raise EngineUnreachable("the server sent an answer without any text")
    choice, usage = reply.choices[0], reply.usage
    reason = choice.finish_reason or "stop"
    if reason == "content_filter":
        raise EngineFailed("the server's content filter refused the page")
    if reason not in ("stop", "length", "repetition"):
        raise EngineUnreachable(f"the server aborted the page ({reason[:80]})")
    text = choice.message.content or ""
    counts = (usage.prompt_tokens, usage.completion_tokens) if usage is not None else (0, 0)
    prompt_tokens, output_tokens = map(_plausible, counts)
    return Completion(text, reason, prompt_tokens, output_tokens)


def _plausible(tokens: int) -> int:
    """``tokens`` as a count that results and metrics can hold; the server may say anything."""
    return min(max(tokens, 0), MAX_TOKENS)
