"""How a page is rendered for the model, the same for every engine that runs it."""

from shared.domain.errors import EngineFailed, UsageError
from shared.domain.records.options import PageOptions
from workers.engines.contract import RenderPlan
from workers.engines.deepseek.modes import Family, mode_for

#: Longest side of a page rendered for tiles: three tiles of 640 pixels.
TILED_SIDE = 1920


def page_plan(options: PageOptions, family: Family, prepare: str) -> RenderPlan:
    """Render at the size of the model's input; with ``exact``, as the official script does.

    ``prepare``: "module:function" for the helper process. Raises EngineFailed if the model family
    does not have the mode.
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
    """The plan for engines that take finished views."""
    return _plan_by(options, family, "views")


def picture_plan(options: PageOptions, family: Family) -> RenderPlan:
    """The plan for engines that make the views from the picture themselves."""
    return _plan_by(options, family, "page")


def _plan_by(options: PageOptions, family: Family, what: str) -> RenderPlan:
    suffix = "_ocr2" if family == "ocr2" else ""
    return page_plan(options, family, f"workers.engines.deepseek.prepare:prepare_{what}{suffix}")
