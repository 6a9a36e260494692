"""A page's picture cut in two where there is least ink."""

from dataclasses import replace

import numpy as np
from PIL import Image

from workers.engines.deepseek.fallback.page_halves import Half, quiet_row
from workers.engines.openai.page_picture import as_image, as_png
from workers.engines.openai.request import Question


def picture_halves(question: Question) -> list[Half[Question]]:
    """The upper and the lower half of the page that ``question`` is about.

    None of a page that is a single row.
    """
    image = as_image(question.picture).convert("RGB")
    if image.height < 2:
        return []
    cut = quiet_row(np.asarray(image))
    upper = image.crop((0, 0, image.width, cut))
    lower = image.crop((0, cut, image.width, image.height))
    place = cut / image.height
    return [
        Half(_about(question, upper), 0.0, place),
        Half(_about(question, lower), place, 1.0),
    ]


def _about(question: Question, image: Image.Image) -> Question:
    return replace(question, picture=as_png(image), size=image.size)
