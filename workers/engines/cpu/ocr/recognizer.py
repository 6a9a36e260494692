"""Finds and reads lines of text on an image with RapidOCR and PP-OCR weights."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidocr import RapidOCR
from rapidocr.utils.process_img import get_rotate_crop_image

from workers.engines.cpu.ocr.weights import Weights

Pixels = NDArray[np.uint8]
#: Four corners in pixels, clockwise from the top left, shape (4, 2).
Corners = NDArray[np.float32]
#: Crops are read in one call with others of about their width.
_BATCH = 1
#: A line is tall where its height is this many times its width.
TALL = 1.5


class Words(NamedTuple):
    """What one line says and how sure that is, 0 to 1."""

    text: str
    score: float


@dataclass(frozen=True)
class Recognizer:
    """The loaded models of one process; not to be shared between threads."""

    engine: Any
    alphabet: frozenset[str]

    def find(self, image: Pixels) -> list[Corners]:
        """Corners of every line on ``image`` (height, width, BGR), in no useful order."""
        found = self.engine(image, use_det=True, use_cls=False, use_rec=False)
        if found.boxes is None:
            return []
        return [np.asarray(corners, np.float32) for corners in found.boxes]

    def read(self, image: Pixels, corners: list[Corners]) -> list[Words]:
        """What stands at each of ``corners``, in their order; a tall line may run either way."""
        words = self.read_crops([crop(image, corner) for corner in corners])
        tall = [place for place, corner in enumerate(corners) if is_tall(corner)]
        over = [crop(image, corners[place])[::-1, ::-1] for place in tall]
        for place, word in zip(tall, self.read_crops(over), strict=True):
            words[place] = max(words[place], word, key=lambda read: read.score)
        return words

    def read_crops(self, crops: list[Pixels]) -> list[Words]:
        """What each crop says; a crop holds one line."""
        if not crops:
            return []
        read = self.engine.recognize_txt(crops)
        return [
            Words(text, float(score)) for text, score in zip(read.txts, read.scores, strict=True)
        ]


def sides(corners: Corners) -> tuple[float, float]:
    """Length and thickness of a line in pixels, whatever its angle."""
    return (
        float(np.linalg.norm(corners[1] - corners[0])),
        float(np.linalg.norm(corners[3] - corners[0])),
    )


def is_tall(corners: Corners) -> bool:
    """Whether a line runs up or down; ``crop`` lays it down counter-clockwise."""
    width, height = sides(corners)
    return height > TALL * width


def crop(image: Pixels, corners: Corners) -> Pixels:
    """The line at ``corners`` as an image of its own, straight; a tall one lies down."""
    return np.asarray(get_rotate_crop_image(image, corners.copy()), np.uint8)


def load(weights: Weights) -> Recognizer:
    """Load the models for one thread; takes about a second and 300 MB."""
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
    # A first call loads the models, which are lazy.
    engine.recognize_txt([np.full((48, 160, 3), 255, np.uint8)])
    return Recognizer(engine, frozenset(engine.text_rec.postprocess_op.character))
