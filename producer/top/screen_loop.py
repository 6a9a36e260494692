"""``pagefleet top``: the fleet in a terminal, drawn again and again until q or Ctrl-C."""

import json
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.live import Live

from producer.top.facts import Plain, top_facts
from producer.top.screen import screen
from shared.broker.fleet_view import FleetView
from shared.config.settings import load_settings
from shared.domain.errors import BrokerUnreachable, ExitCode

QUIT = frozenset(b"qQ")
MAX_JOBS = 50
#: Tall enough that nothing is cut where there is no screen.
UNBOUNDED = 1000


def show_top(once: bool, as_json: bool, interval_s: float) -> int:
    """One picture with ``once``, ``as_json`` or without a terminal; else until asked to stop."""
    view = FleetView(load_settings())
    facts = top_facts(view.look(MAX_JOBS))
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
    elif once or not (sys.stdin.isatty() and sys.stdout.isatty()):
        console = Console(highlight=False)
        console.print(screen(facts, console.width, UNBOUNDED))
    else:
        _watch(view, facts, interval_s)
    return ExitCode.OK


def _watch(view: FleetView, facts: Plain, interval_s: float) -> None:
    console, notice = Console(highlight=False), ""
    first = screen(facts, console.width, console.height)
    with (
        _single_keys(),
        # On a screen of its own; each picture is one write over the last, so nothing flickers.
        Live(first, console=console, screen=True, auto_refresh=False) as live,
    ):
        while not _quits_within(interval_s):
            facts, notice = _look_again(view, facts)
            live.update(_fitting(console, facts, notice), refresh=True)


def _look_again(view: FleetView, before: Plain) -> tuple[Plain, str]:
    """New facts; the former ones and a notice while the broker is away."""
    try:
        return top_facts(view.look(MAX_JOBS)), ""
    except BrokerUnreachable as error:
        return before, f"{error.message} (figures of {before['time'][11:19]} UTC)"


def _fitting(console: Console, facts: Plain, notice: str) -> RenderableType:
    return screen(facts, console.width, console.height, notice)


def _quits_within(seconds: float) -> bool:
    """Wait for the next picture; True where the person wants to leave."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        readable, _, _ = select.select([sys.stdin], [], [], left)
        # Not through sys.stdin: its buffer would hide keys from select. No bytes: hung up.
        if readable and not QUIT.isdisjoint(os.read(sys.stdin.fileno(), 64) or b"q"):
            return True
    return False


@contextmanager
def _single_keys() -> Iterator[None]:
    """Keys without Enter and without echo; the terminal is restored whatever happens."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
