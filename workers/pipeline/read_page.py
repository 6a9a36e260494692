"""Reads one page and prints its text to standard output while the engine generates it."""

import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from shared.config.settings import Settings
from shared.console.entry_point import print_message
from shared.document.control_characters import strip_control
from shared.domain.errors import ExitCode
from shared.domain.records.options import PageOptions
from workers.engines.contract import Engine, RenderedPage
from workers.engines.registry import make_engine
from workers.pipeline.engine_host import EngineHost
from workers.pipeline.rendering import Renderer


def read_page(
    settings: Settings, source: Path, kind: str, sha256: str, page: int, options: PageOptions
) -> int:
    """Print one page of a local file that was inspected before; raises PagefleetError."""
    signal.signal(signal.SIGTERM, _interrupt)
    host = EngineHost(make_engine(options.engine, settings))
    with ExitStack() as stack:
        stack.callback(host.stop)
        renderer = Renderer(settings, 1)
        stack.callback(renderer.close)
        print_message(f"starting engine {options.engine}, model {options.model}")
        host.start()
        plan = host.engine.plan(options)
        rendered = renderer.render(source, kind, sha256, page, plan, options)
        if rendered.blank:
            print_message(f"page {page} is blank")
            return ExitCode.OK
        print_message(f"reading page {page}")
        host.submit(_print(host.engine, rendered.view)).result()
    return ExitCode.OK


async def _print(engine: Engine, view: RenderedPage) -> None:
    """Write and flush each piece of text as soon as the engine yields it."""
    last = ""
    async for piece in engine.stream(view):
        clean = strip_control(piece)
        last = clean or last
        sys.stdout.write(clean)
        sys.stdout.flush()
    if not last.endswith("\n"):
        sys.stdout.write("\n")


def _interrupt(number: int, _frame: FrameType | None) -> None:
    # A second signal would interrupt the end of the engine; the parent kills a slow reader.
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
