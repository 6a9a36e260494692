"""Reads one page for a person at a terminal: the text on standard output as it is made."""

import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from shared.config.settings import Settings
from shared.console.entry_point import say
from shared.document.control_characters import strip_control
from shared.domain.errors import ExitCode
from shared.domain.records import PageOptions
from workers.engines.contract import Engine, PageView
from workers.engines.registry import make_engine
from workers.pipeline.engine_host import EngineHost
from workers.pipeline.rendering import Renderer


def read_page(
    settings: Settings, source: Path, kind: str, sha256: str, page: int, options: PageOptions
) -> int:
    """Print one page of a local file that was looked at already; raises PagefleetError."""
    signal.signal(signal.SIGTERM, _interrupt)
    host = EngineHost(make_engine(options.engine, settings))
    with ExitStack() as stack:
        stack.callback(host.stop)
        renderer = Renderer(settings, 1)
        stack.callback(renderer.close)
        say(f"starting engine {options.engine}, model {options.model}")
        host.start()
        plan = host.engine.plan(options)
        drawn = renderer.render(source, kind, sha256, page, plan, options)
        if drawn.blank:
            say(f"page {page} is blank")
            return ExitCode.OK
        say(f"reading page {page}")
        host.submit(_pour(host.engine, drawn.view)).result()
    return ExitCode.OK


async def _pour(engine: Engine, view: PageView) -> None:
    """Write each piece at once; whoever reads along should not wait for a full buffer."""
    last = ""
    async for piece in engine.stream(view):
        clean = strip_control(piece)
        last = clean or last
        sys.stdout.write(clean)
        sys.stdout.flush()
    if not last.endswith("\n"):
        sys.stdout.write("\n")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
