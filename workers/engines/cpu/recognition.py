"""Types of text recognition: images, line corners, recognised text and the recogniser interface."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

#: An image in BGR, shape (height, width, 3).
Pixels = NDArray[np.uint8]
#: The four corners of a line in pixels, clockwise from the top left, shape (4, 2).
Corners = NDArray[np.float32]


def line_size(corners: Corners) -> tuple[float, float]:
    """Width and height of a line in pixels, measured along its sides at any angle."""
    return (
        float(np.linalg.norm(corners[1] - corners[0])),
        float(np.linalg.norm(corners[3] - corners[0])),
    )


class RecognizedWord(NamedTuple):
    """One word: its edges in parts of the length of its line, and its confidence, 0 to 1."""

    text: str
    left: float
    right: float
    score: float


class RecognizedText(NamedTuple):
    """The text of one line and the confidence of the recogniser, 0 to 1."""

    text: str
    score: float
    #: The middle of each character that is no space, in parts of the length of the line; () where
    #: the recogniser did not tell.
    middles: tuple[float, ...] = ()
    #: The words from left to right, where a recogniser of words read the line instead; () else.
    words: tuple[RecognizedWord, ...] = ()


class LineRecognizer(Protocol):
    """Finds lines of text on an image and reads them."""

    @property
    def alphabet(self) -> frozenset[str]:
        """All characters that the recogniser can output."""
        ...

    def find_lines(self, image: Pixels, shortest_side: int = ...) -> list[Corners]:
        """Corners of every line of text on ``image``, in no particular order.

        The shortest side of ``image`` is enlarged to ``shortest_side`` pixels.
        """
        ...

    def read_lines(self, image: Pixels, corners: Sequence[Corners]) -> list[RecognizedText]:
        """The text at each of ``corners`` of ``image``, in the same order."""
        ...
