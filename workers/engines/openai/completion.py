"""What a server said to one question."""

from dataclasses import dataclass

from shared.domain.errors import EngineFailed, EngineUnreachable
from workers.engines.deepseek.completion import ends_in_loop
from workers.engines.openai.replies import Completion

#: An answer that was cut and repeats its last characters so often is a loop.
LEAST_LOOP = 256


@dataclass(frozen=True)
class Said:
    """One answer; ``finish_reason`` is the server's."""

    text: str
    finish_reason: str
    prompt_tokens: int
    output_tokens: int

    @property
    def complete(self) -> bool:
        """Whether the model came to an end by itself."""
        return self.finish_reason == "stop"

    @property
    def loops(self) -> bool:
        """Whether it was stopped because it repeated itself, or ends in a repetition."""
        if self.finish_reason == "repetition":
            return True
        characters = tuple(ord(character) for character in self.text)
        return self.finish_reason == "length" and ends_in_loop(characters, least=LEAST_LOOP)


def said(completion: Completion) -> Said:
    """The answer in ``completion``; raises EngineFailed or EngineUnreachable if it has none."""
    if not completion.choices:
        raise EngineUnreachable("the server sent an answer without any text")
    choice, usage = completion.choices[0], completion.usage
    reason = choice.finish_reason or "stop"
    if reason == "content_filter":
        raise EngineFailed("the server's content filter refused the page")
    if reason not in ("stop", "length", "repetition"):
        raise EngineUnreachable(f"the server gave the page up ({reason})")
    text = choice.message.content or ""
    counted = (usage.prompt_tokens, usage.completion_tokens) if usage is not None else (0, 0)
    return Said(text, reason, *counted)
