"""The body of a request: the same prompt, sampling and length as with an engine of our own."""

from dataclasses import dataclass
from typing import Any

from shared.domain.errors import EngineFailed
from shared.domain.records import PageOptions
from shared.domain.tasks import prompt_for
from workers.engines.deepseek.fallback.sampling import RUNGS, SEED, Rung
from workers.engines.deepseek.modes import Family, Mode, mode_for
from workers.engines.deepseek.prompt_ids import CELL_IDS, IMAGE_TAG
from workers.engines.openai.page_picture import as_data_uri

#: Tokens that an answer must at least have room for.
LEAST_ROOM = 256
#: Begin mark and what a chat template may add.
MARGIN = 16
#: What a server does without being told: gundam with up to six tiles.
_USUAL = PageOptions(engine="openai", model="")
_MODE_FIELDS = ("resolution", "crop_mode", "max_tiles")


@dataclass(frozen=True)
class Question:
    """What is asked of which picture."""

    options: PageOptions
    #: A PNG file.
    picture: bytes
    #: Width and height in pixels.
    size: tuple[int, int]
    family: Family

    @property
    def prompt(self) -> str:
        """The verbatim prompt without its image tag, which the server puts before it."""
        options = self.options
        prompt = prompt_for(options.task, options.prompt, options.query)
        return prompt.removeprefix(f"{IMAGE_TAG}\n")


def is_usual(options: PageOptions) -> bool:
    """Whether every server reads pages with these options as they mean."""
    return all(getattr(options, name) == getattr(_USUAL, name) for name in _MODE_FIELDS)


def chat_body(question: Question, model: str, rung: Rung, longest: int) -> dict[str, Any]:
    """The JSON of POST /v1/chat/completions; raises EngineFailed for a prompt too long."""
    mode = mode_for(question.options, question.family)
    content = [
        {"type": "image_url", "image_url": {"url": as_data_uri(question.picture)}},
        {"type": "text", "text": question.prompt},
    ]
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "user", "content": content}],
        "temperature": rung.temperature,
        "max_tokens": _room(question, mode, longest),
        # Without them the tags of table cells would vanish from the text.
        "skip_special_tokens": False,
        "vllm_xargs": {
            "ngram_size": rung.ngram,
            "window_size": rung.window,
            "whitelist_token_ids": list(CELL_IDS),
        },
    }
    if rung is not RUNGS[0]:
        body["seed"] = SEED
    if not is_usual(question.options):
        body["mm_processor_kwargs"] = _mode_arguments(mode)
    return body


def _mode_arguments(mode: Mode) -> dict[str, Any]:
    return {
        "base_size": mode.global_side,
        "image_size": mode.tile_side or mode.global_side,
        "crop_mode": mode.tile_side is not None,
        "max_crops": mode.most_tiles,
    }


def _room(question: Question, mode: Mode, longest: int) -> int:
    """Tokens left for the answer: a token of text is at least a byte of it."""
    image = mode.tokens(mode.grid(*question.size))
    room = longest - image - len(question.prompt.encode()) - MARGIN
    if room < LEAST_ROOM:
        raise EngineFailed(
            f"the prompt leaves no room for an answer within {longest} tokens; "
            "shorten the prompt or query"
        )
    return room
