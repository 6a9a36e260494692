"""The token ids of a prompt with its image placeholder expanded."""

from collections.abc import Callable

IMAGE_TAG = "<image>"
BEGIN_ID = 0
END_ID = 1
IMAGE_ID = 128815
#: ``<td>`` and ``</td>``: rows of empty cells are no loop, so these may always repeat.
CELL_IDS = (128821, 128822)

Encode = Callable[[str], list[int]]


def prompt_token_ids(prompt: str, image_tokens: int, encode: Encode) -> list[int]:
    """Ids of ``prompt``, whose one ``<image>`` becomes ``image_tokens`` placeholders.

    ``encode`` must add no special tokens of its own. Text before and after the image is
    encoded apart, as the model was trained. Raises ValueError without exactly one image.
    """
    before, tag, after = prompt.partition(IMAGE_TAG)
    if not tag or IMAGE_TAG in after:
        raise ValueError("a prompt holds exactly one <image>")
    head = encode(before) if before else []
    return [BEGIN_ID, *head, *[IMAGE_ID] * image_tokens, *encode(after)]


def placeholder_offset(ids: list[int]) -> int:
    """Where the image's placeholders begin in ``ids``."""
    return ids.index(IMAGE_ID)
