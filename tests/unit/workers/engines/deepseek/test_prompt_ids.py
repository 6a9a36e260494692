"""Prompts as token ids, compared with published ids."""

import pytest

from shared.domain.tasks import Task, prompt_for
from workers.engines.deepseek.prompt.token_ids import placeholders, prompt_token_ids

MARKDOWN_IDS = [201, 128820, 21842, 270, 4940, 304, 2121, 7919, 16]


def encode(text: str) -> list[int]:
    published = {"\n<|grounding|>Convert the document to markdown.": MARKDOWN_IDS}
    return published.get(text) or [ord(character) for character in text]


def test_the_markdown_prompt_has_its_published_ids() -> None:
    ids = prompt_token_ids(prompt_for(Task.MARKDOWN), 903, encode)

    assert ids == [0, *[128815] * 903, *MARKDOWN_IDS]
    assert len(ids) == 913
    assert placeholders(ids) == (1, 903)


def test_text_before_the_image_is_encoded_separately() -> None:
    assert prompt_token_ids("ab<image>c", 2, encode) == [0, 97, 98, 128815, 128815, 99]


@pytest.mark.parametrize("prompt", ["no image", "<image><image>"])
def test_a_prompt_without_exactly_one_image_is_refused(prompt: str) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        prompt_token_ids(prompt, 1, encode)
