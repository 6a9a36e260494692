"""Token ids of a prompt, with its image tag expanded to image tokens."""

from collections.abc import Callable

IMAGE_TAG = "<image>"
GROUNDING_TAG = "<|grounding|>"
BEGIN_ID = 0
END_ID = 1
IMAGE_ID = 128815
#: ``<td>`` and ``</td>``: rows of empty cells are no loop, so these tokens may always repeat.
CELL_IDS = (128821, 128822)

Encode = Callable[[str], list[int]]


def prompt_token_ids(prompt: str, image_tokens: int, encode: Encode) -> list[int]:
    """Ids of ``prompt``; its ``<image>`` tag becomes ``image_tokens`` placeholder ids.

    ``encode`` must not add special tokens. Text before and after the image is encoded separately,
    as in training. Raises ValueError unless the prompt has exactly one image tag.
    """
    before, tag, after = prompt.partition(IMAGE_TAG)
    if not tag or IMAGE_TAG in after:
        raise ValueError("a prompt must contain exactly one <image>")
    head = encode(before) if before else []
    return [BEGIN_ID, *head, *[IMAGE_ID] * image_tokens, *encode(after)]


def placeholders(ids: list[int]) -> tuple[int, int]:
    """Index of the first image token in ``ids``, and the number of image tokens."""
    return ids.index(IMAGE_ID), ids.count(IMAGE_ID)
