"""The size in pixels at which a page is rendered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rendering.page_size import MAX_SIDE, image_size, pdf_scale, square_pixels
from workers.engines.contract import RenderPlan

A4 = (595.0, 842.0)
PLENTY = 40_000_000


@pytest.mark.parametrize(
    ("plan", "scale"),
    [
        (RenderPlan(), 2.0),
        (RenderPlan(dpi=72), 1.0),
        (RenderPlan(longest_side=421), 0.5),
        (RenderPlan(dpi=144, longest_side=421), 0.5),
        (RenderPlan(dpi=36, longest_side=4210), 0.5),
    ],
)
def test_the_smaller_of_resolution_and_longest_side_is_used(plan: RenderPlan, scale: float) -> None:
    assert pdf_scale(*A4, plan, False, PLENTY) == pytest.approx(scale)


def test_exact_means_144_dpi_for_every_engine() -> None:
    assert pdf_scale(*A4, RenderPlan(longest_side=100), True, PLENTY) == 2.0


def test_a_tiny_page_is_enlarged_up_to_a_limit() -> None:
    assert pdf_scale(10, 10, RenderPlan(longest_side=2000), False, PLENTY) == pytest.approx(
        600 / 72
    )
    assert pdf_scale(1, 1, RenderPlan(), False, PLENTY) == 64


@given(
    st.floats(1e-3, 1e6),
    st.floats(1e-3, 1e6),
    st.one_of(st.none(), st.integers(36, 1200)),
    st.one_of(st.none(), st.integers(1, 10_000)),
    st.booleans(),
)
def test_no_page_exceeds_the_limits(
    width: float, height: float, dpi: int | None, longest: int | None, exact: bool
) -> None:
    scale = pdf_scale(width, height, RenderPlan(dpi=dpi, longest_side=longest), exact, 1_000_000)

    assert scale > 0
    assert width * scale * height * scale <= 1_000_000
    assert max(width, height) * scale <= MAX_SIDE + 1


@pytest.mark.parametrize(
    ("own", "plan", "size"),
    [
        ((800, 600), RenderPlan(dpi=600), (800, 600)),
        ((800, 600), RenderPlan(longest_side=1000), (800, 600)),
        ((800, 600), RenderPlan(longest_side=400), (400, 300)),
        ((16, 8), RenderPlan(), (64, 32)),
        ((10_000, 10_000), RenderPlan(), (6324, 6324)),
        ((30_000, 2), RenderPlan(longest_side=3000), (3000, 1)),
    ],
)
def test_an_image_is_not_enlarged(
    own: tuple[int, int], plan: RenderPlan, size: tuple[int, int]
) -> None:
    assert image_size(own, (1.0, 1.0), plan, PLENTY) == size


def test_faxes_get_square_pixels_and_implausible_values_are_ignored() -> None:
    assert square_pixels((204, 98)) == pytest.approx((1.0, 204 / 98))
    assert square_pixels((300, 300)) == (1.0, 1.0)
    assert square_pixels((300, 1)) == (1.0, 1.0)
    assert square_pixels((0, 0)) == (1.0, 1.0)
