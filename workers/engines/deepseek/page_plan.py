"""How a page is drawn for the model, whichever engine runs it."""

from shared.domain.errors import EngineFailed, UsageError
from shared.domain.records import PageOptions
from workers.engines.contract import RenderPlan
from workers.engines.deepseek.modes import Family, mode_for

#: Longest side of a page drawn for tiles: three of 640 pixels.
TILED_SIDE = 1920


def page_plan(options: PageOptions, family: Family, prepare: str) -> RenderPlan:
    """The size that the model sees; with ``exact`` what the official script draws.

    ``prepare`` is the helper processes' function. Raises EngineFailed where the family lacks
    the mode.
    """
    try:
        mode = mode_for(options, family)
    except UsageError as error:
        raise EngineFailed(error.message) from None
    side = TILED_SIDE if mode.tile_side else mode.global_side
    return RenderPlan(
        dpi=options.dpi,
        longest_side=None if options.exact or options.dpi else side,
        prepare=prepare,
        keep_pixels=False,
    )


def views_plan(options: PageOptions, family: Family) -> RenderPlan:
    """The same for engines that want the views as pixel levels."""
    return _plan_by(options, family, "views")


def picture_plan(options: PageOptions, family: Family) -> RenderPlan:
    """The same for engines that make the views by themselves."""
    return _plan_by(options, family, "page")


def _plan_by(options: PageOptions, family: Family, what: str) -> RenderPlan:
    suffix = "_ocr2" if family == "ocr2" else ""
    return page_plan(options, family, f"workers.engines.deepseek.prepare:prepare_{what}{suffix}")
