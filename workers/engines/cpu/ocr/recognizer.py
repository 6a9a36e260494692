"""Finds and reads lines of text on an image with RapidOCR and PP-OCR weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from rapidocr import RapidOCR
from rapidocr.utils.process_img import get_rotate_crop_image

from workers.engines.cpu.ocr.weights import Weights
from workers.engines.cpu.recognition import Corners, Pixels, RecognizedText, line_size

#: Crops per model call. One, because a batch pads every crop to the width of its widest.
_BATCH = 1
#: Longest side of an image as a multiple of its shortest. Detection enlarges the shortest side to
#: 736 pixels, so a strip of one pixel would need gigabytes.
_LARGEST_ASPECT = 8
#: The detector enlarges the shortest side of a page to this many pixels.
SHORTEST_SIDE = 736
#: A line is vertical if its height is more than this many times its width.
VERTICAL_RATIO = 1.5
#: One whose height is at most this many times its width may be one letter: a 6 read sideways
#: becomes a 9.
_LETTER_RATIO = 2.2
#: Such a letter is widened to this height in widths, which is not vertical.
_WIDENED_RATIO = 1.4
#: A reading with this score needs no other.
_SURE = 0.9


@dataclass(frozen=True)
class Recognizer:
    """The loaded detection and recognition models of one process; not thread-safe."""

    engine: Any
    alphabet: frozenset[str]

    def find_lines(self, image: Pixels, shortest_side: int = SHORTEST_SIDE) -> list[Corners]:
        """Corners of every line of text on ``image``, in no particular order.

        The detector enlarges the shortest side of ``image`` to ``shortest_side`` pixels.
        """
        self.engine.text_det.limit_side_len = shortest_side
        detected = self.engine(widened(image), use_det=True, use_cls=False, use_rec=False)
        if detected.boxes is None:
            return []
        limits = np.array(image.shape[1::-1], np.float32)
        clipped = (np.clip(corners, 0, limits).astype(np.float32) for corners in detected.boxes)
        return [corners for corners in clipped if min(line_size(corners)) > 1]

    def read_lines(self, image: Pixels, corners: Sequence[Corners]) -> list[RecognizedText]:
        """The text at each of ``corners`` of ``image``, in the same order.

        A vertical line is read in both directions and the reading with the higher score counts.
        One that is as short as a letter is read upright first.
        """
        texts = self.read_crops([crop(image, _widened_letter(corner)) for corner in corners])
        for index, corner in enumerate(corners):
            if is_vertical(corner) and not (_is_letter(corner) and texts[index].score >= _SURE):
                line = crop(image, corner)
                directions = [line[::-1, ::-1], line] if _is_letter(corner) else [line[::-1, ::-1]]
                readings = [texts[index], *self.read_crops(directions)]
                texts[index] = max(readings, key=lambda reading: reading.score)
        return texts

    def read_crops(self, crops: list[Pixels]) -> list[RecognizedText]:
        """The text of each crop; a crop holds one horizontal line."""
        if not crops:
            return []
        output = self.engine.recognize_txt(crops)
        lines = zip(output.txts, output.scores, output.word_results, strict=True)
        return [RecognizedText(text, float(score), _middles(words)) for text, score, words in lines]


def _middles(words: Any) -> tuple[float, ...]:
    """The middle of each character but spaces, in parts of the line's length."""
    if words is None or not words.line_txt_len:
        return ()
    steps = (step for word in words.word_cols for step in word)
    return tuple((step + 0.5) / words.line_txt_len for step in steps)


def widened(image: Pixels) -> Pixels:
    """``image`` with a margin at the right or bottom, if its sides differ too much in length.

    The margin has the median colour of the image, and pixels keep their coordinates.
    """
    height, width = image.shape[:2]
    missing = max(height, width) // _LARGEST_ASPECT - min(height, width)
    if missing <= 0:
        return image
    bottom, right = (missing, 0) if height < width else (0, missing)
    colour = np.median(image, axis=(0, 1)).tolist()
    wider = cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_CONSTANT, value=colour)
    return np.asarray(wider, np.uint8)


def is_vertical(corners: Corners) -> bool:
    """Whether a line runs up or down the page."""
    width, height = line_size(corners)
    return height > VERTICAL_RATIO * width


def _is_letter(corners: Corners) -> bool:
    """Whether a vertical line is so short that it may be one upright letter."""
    width, height = line_size(corners)
    return is_vertical(corners) and height <= _LETTER_RATIO * width


def _widened_letter(corners: Corners) -> Corners:
    """``corners``, those of a letter as much wider that the crop is not rotated."""
    if not _is_letter(corners):
        return corners
    width, height = line_size(corners)
    aside = (corners[1] - corners[0]) * (height / _WIDENED_RATIO / width - 1) / 2
    return np.asarray(corners + np.stack((-aside, aside, aside, -aside)), np.float32)


def crop(image: Pixels, corners: Corners) -> Pixels:
    """The line at ``corners`` as a straight image.

    A vertical line is rotated counter-clockwise by 90 degrees.
    """
    return np.asarray(get_rotate_crop_image(image, corners.copy()), np.uint8)


def create_recognizer(weights: Weights) -> Recognizer:
    """Load the models on one thread; takes about one second and 300 MB."""
    params: dict[str, Any] = {
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        "EngineConfig.onnxruntime.enable_cpu_mem_arena": True,
        "Global.use_cls": False,
        "Global.log_level": "critical",
        "Rec.rec_batch_num": _BATCH,
        **weights.as_params(),
    }
    engine: Any = RapidOCR(params=params)
    engine.return_word_box = True
    # RapidOCR loads its models on the first call, so make one of each here.
    engine.recognize_txt([np.full((48, 160, 3), 255, np.uint8)])
    engine(np.full((64, 64, 3), 255, np.uint8), use_det=True, use_cls=False, use_rec=False)
    return Recognizer(engine, frozenset(engine.text_rec.postprocess_op.character))
