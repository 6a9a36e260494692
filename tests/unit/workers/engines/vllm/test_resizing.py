"""The resizing kernel gives the pixels of Pillow; Triton's interpreter runs it."""

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("triton", reason="run by make test-vllm")

from workers.engines.deepseek.modes import Mode  # noqa: E402
from workers.engines.deepseek.page_shape import shape_of  # noqa: E402
from workers.engines.deepseek.pixels import Picture, make_page, make_views  # noqa: E402
from workers.engines.vllm.plugin.resizing import views  # noqa: E402

#: Like gundam, base and tiny, but smaller, because the interpreter is slow.
MODES = {"tiles": Mode(64, 40), "whole": Mode(96), "stretched": Mode(48, keep_aspect=False)}
SIZES = [(90, 127), (200, 66), (64, 64), (41, 40), (300, 180), (33, 900), (900, 1), (1, 1)]


def page(size: tuple[int, int], *, grey: bool) -> Image.Image:
    noise = np.random.default_rng(5).integers(0, 256, (size[1], size[0], 3), np.uint8)
    if grey:
        noise[...] = noise[..., :1]
    return Image.fromarray(noise)


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", SIZES)
def test_every_pixel_of_the_views_equals_pillow(
    size: tuple[int, int], mode: str, grey: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.engines.deepseek.pixels.MAX_VIEW_RATIO", 1000)
    image = page(size, grey=grey)
    picture = make_page(image, MODES[mode])
    assert isinstance(picture, Picture)

    # In the engine a picture's bytes start at any offset of the copied buffer.
    bytes_ = torch.from_numpy(np.concatenate([[9], picture.pixels.ravel()]).astype(np.uint8))
    shape = shape_of(picture)
    whole, tiles = views(bytes_[1:].view(shape.picture), shape, picture.grid)

    expected = make_views(image, MODES[mode])
    assert np.array_equal(whole[0].numpy(), expected.whole)
    assert np.array_equal(tiles.numpy(), expected.tiles)
