"""Splits a page's picture into two halves at the row with the least ink."""

from dataclasses import replace

import numpy as np
from PIL import Image

from workers.engines.deepseek.fallback.page_halves import Half, quiet_row
from workers.engines.openai.page_picture import as_image, as_png
from workers.engines.openai.request import GenerationRequest


def picture_halves(request: GenerationRequest) -> list[Half[GenerationRequest]]:
    """Requests for the upper and the lower half; empty for a page of a single pixel row."""
    image = as_image(request.picture).convert("RGB")
    if image.height < 2:
        return []
    cut = quiet_row(np.asarray(image))
    upper = image.crop((0, 0, image.width, cut))
    lower = image.crop((0, cut, image.width, image.height))
    border = cut / image.height
    return [
        Half(_about(request, upper), 0.0, border),
        Half(_about(request, lower), border, 1.0),
    ]


def _about(request: GenerationRequest, image: Image.Image) -> GenerationRequest:
    return replace(request, picture=as_png(image), size=image.size)
