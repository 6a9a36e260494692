"""The JSON body of a request, with the same prompt, sampling and length as the vLLM engine."""

from dataclasses import dataclass
from typing import Any

from shared.domain.errors import EngineFailed
from shared.domain.records.options import PageOptions
from shared.domain.tasks import prompt_for
from workers.engines.deepseek.fallback.sampling import SAMPLING_STEPS, SEED, SamplingSettings
from workers.engines.deepseek.modes import Family, Mode, mode_for
from workers.engines.deepseek.prompt.token_ids import CELL_IDS, IMAGE_TAG
from workers.engines.openai.page_picture import as_data_uri

#: Tokens that must remain for the answer.
LEAST_ROOM = 256
#: Tokens for the begin mark and for what a chat template may add.
MARGIN = 16
#: The mode of every server: gundam with up to six tiles.
_DEFAULT = PageOptions(engine="openai", model="")
_MODE_FIELDS = ("resolution", "crop_mode", "max_tiles")


@dataclass(frozen=True)
class GenerationRequest:
    """What the server is asked about one page."""

    options: PageOptions
    #: A PNG file.
    picture: bytes
    #: Width and height in pixels.
    size: tuple[int, int]
    family: Family

    @property
    def prompt(self) -> str:
        """The published prompt without its image tag, which the server adds."""
        options = self.options
        prompt = prompt_for(options.task, options.prompt, options.query)
        return prompt.removeprefix(f"{IMAGE_TAG}\n")


def is_default_mode(options: PageOptions) -> bool:
    """Whether every server supports the resolution mode of these options."""
    return all(getattr(options, name) == getattr(_DEFAULT, name) for name in _MODE_FIELDS)


def chat_body(
    request: GenerationRequest, model: str, sampling: SamplingSettings, longest: int
) -> dict[str, Any]:
    """The JSON of POST /v1/chat/completions; raises EngineFailed for a prompt too long."""
    mode = mode_for(request.options, request.family)
    content = [
        {"type": "image_url", "image_url": {"url": as_data_uri(request.picture)}},
        {"type": "text", "text": request.prompt},
    ]
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "user", "content": content}],
        "temperature": sampling.temperature,
        "max_tokens": _room(request, mode, longest),
        # The tags of table cells are special tokens and belong to the text.
        "skip_special_tokens": False,
        "vllm_xargs": {
            "ngram_size": sampling.ngram,
            "window_size": sampling.window,
            "whitelist_token_ids": list(CELL_IDS),
        },
    }
    if sampling is not SAMPLING_STEPS[0]:
        body["seed"] = SEED
    if not is_default_mode(request.options):
        body["mm_processor_kwargs"] = _mode_arguments(mode)
    return body


def _mode_arguments(mode: Mode) -> dict[str, Any]:
    return {
        "base_size": mode.global_side,
        "image_size": mode.tile_side or mode.global_side,
        "crop_mode": mode.tile_side is not None,
        "max_crops": mode.most_tiles,
    }


def _room(request: GenerationRequest, mode: Mode, longest: int) -> int:
    """Tokens left for the answer; counts each byte of the prompt as a token, the upper bound."""
    image = mode.tokens(mode.grid(*request.size))
    room = longest - image - len(request.prompt.encode()) - MARGIN
    if room < LEAST_ROOM:
        raise EngineFailed(
            f"the prompt leaves no room for an answer within {longest} tokens; "
            "shorten the prompt or query"
        )
    return room
