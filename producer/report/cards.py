"""The content of one page in a report."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from producer.report.parts import Elsewhere
from shared.domain.records.page_result import Block, PageResult, Quality

#: Characters of a block's text in the tooltip of its box.
MAX_HINT_CHARACTERS = 240
#: Width of the drawing, in its own units.
DRAWING_WIDTH = 1000
#: Coordinates of boxes are 0 to 999.
MAX_COORDINATE = 999
#: Blocks of one page that are tied to their boxes; the style sheet has a rule for each.
MAX_TIED = 250
#: Limits of quality, in hundredths, that the report can filter by.
FILTERS = (50, 80)
#: Height divided by width of a page whose size is unknown: A4.
DEFAULT_RATIO = 1.414


@dataclass(frozen=True)
class Box:
    """A block's rectangle on the upright page, in units of the drawing."""

    number: int
    type: str
    x: float
    y: float
    width: float
    height: float
    hint: str
    label: str
    #: The class that ties it to its text.
    tie: str = ""


@dataclass(frozen=True)
class Part:
    """A block of the page's text; ``html`` is sanitized, all other fields are plain text."""

    id: str
    html: str
    #: The classes that tie it to its boxes.
    ties: str = ""
    before: Elsewhere | None = None
    after: tuple[Elsewhere, ...] = ()


@dataclass(frozen=True)
class Card:
    """One page."""

    page: int
    status: str
    parts: tuple[Part, ...]
    #: Address of the page image; "" where there is none, and ``missing`` is the reason.
    picture: str
    missing: str = ""
    width: int = DRAWING_WIDTH
    height: int = DRAWING_WIDTH
    boxes: tuple[Box, ...] = ()
    error: str = ""
    #: Why the fallback engine read the page.
    fallback: str = ""
    quality: Quality | None = None
    facts: tuple[tuple[str, str], ...] = field(default=())

    @property
    def tied(self) -> frozenset[str]:
        """The classes of boxes whose text is among the parts."""
        return frozenset(tie for part in self.parts for tie in part.ties.split())


def ties(numbers: Iterable[int]) -> str:
    """The classes that tie a block's text and its boxes, which have ``numbers``."""
    return " ".join(f"k{number}" for number in numbers if number <= MAX_TIED)


def marks(status: str, quality: Quality | None) -> str:
    """The classes by which the filters find a page."""
    below = (
        [] if quality is None else [f"q{limit}" for limit in FILTERS if quality.score < limit / 100]
    )
    return " ".join([f"s-{status}", *below])


def drawing_size(result: PageResult | None) -> tuple[int, int]:
    """Width and height of the drawing over the page image, in its own units."""
    image = result.image if result else None
    if image is None or not image.width or not image.height:
        return DRAWING_WIDTH, round(DRAWING_WIDTH * DEFAULT_RATIO)
    return DRAWING_WIDTH, max(1, round(DRAWING_WIDTH * image.height / image.width))


def boxes(result: PageResult, size: tuple[int, int]) -> tuple[Box, ...]:
    """The page's blocks, numbered in reading order."""
    return tuple(_box(number, block, size) for number, block in enumerate(result.blocks, 1))


def _box(number: int, block: Block, size: tuple[int, int]) -> Box:
    left, right = sorted((block.bbox[0], block.bbox[2]))
    top, bottom = sorted((block.bbox[1], block.bbox[3]))
    across, down = size[0] / MAX_COORDINATE, size[1] / MAX_COORDINATE
    confidence = "" if block.confidence is None else f" {block.confidence:.2f}"
    text = " ".join(block.text.split())
    return Box(
        number=number,
        type=block.type,
        x=round(left * across, 1),
        y=round(top * down, 1),
        width=round((right - left) * across, 1),
        height=round((bottom - top) * down, 1),
        hint=text if len(text) <= MAX_HINT_CHARACTERS else text[: MAX_HINT_CHARACTERS - 1] + "…",
        label=f"{number} {block.type}{confidence}",
        tie=ties((number,)),
    )


def fallback_note(result: PageResult) -> str:
    """Which engine failed on the page and why, where the fallback engine read it; else ""."""
    if result.fallback is None:
        return ""
    failed, error = result.fallback.engine.name, result.fallback.error
    return f"read by {result.engine.name}, because {failed} failed: {error.code}: {error.message}"


def facts(result: PageResult) -> tuple[tuple[str, str], ...]:
    """Engine, attempts, tokens and times of a page, as (name, value) pairs."""
    engine, image = result.engine, result.image
    times = {k: v for k, v in result.timings_ms.model_dump().items() if v}
    sure = result.confidence
    values = {
        "engine": f"{engine.name}, {engine.pool.weights}, {engine.version}",
        "attempts": str(result.attempts),
        "image": f"{image.width} × {image.height} px" if image.width else "",
        "turned": f"{image.rotation}° clockwise" if image.rotation else "",
        "finished by": result.finish_reason or "",
        "tokens": f"{result.prompt_tokens} in, {result.output_tokens} out"
        if result.output_tokens
        else "",
        "lines": f"mean score {sure.mean:.2f}, worst {sure.worst:.2f}"
        if sure is not None and sure.mean is not None and sure.worst is not None
        else "",
        "ink in lines": f"{sure.ink:.0%}" if sure is not None and sure.ink is not None else "",
        "read with": (sure.also_read_by or "") if sure is not None else "",
        "figures": str(len(result.figures) or ""),
        "times": ", ".join(f"{name} {_duration(ms)}" for name, ms in times.items()),
    }
    return tuple((name, value) for name, value in values.items() if value)


def _duration(milliseconds: float) -> str:
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s"
