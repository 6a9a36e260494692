"""``pagefleet top``: updates the screen until the user presses q or Ctrl-C."""

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
from shared.broker.shards.sharded_reader import ShardedFleetReader
from shared.broker.snapshots.background_snapshots import BackgroundSnapshots, background_snapshots
from shared.broker.snapshots.fleet_snapshot import FleetReader
from shared.config.settings import Settings, load_settings
from shared.console.entry_point import print_message
from shared.console.printable import json_line
from shared.domain.errors import ExitCode

QUIT = frozenset(b"qQ")
MAX_JOBS = 50
#: Seconds beyond an interval after which figures are shown as late.
LATE_S = 2.0
#: Lines of output that is not a terminal; large enough to show every row.
UNBOUNDED_LINES = 1000


def show_top(once: bool, as_json: bool, interval_s: float) -> int:
    """Print once with ``once``, ``as_json`` or without a terminal; else update until stopped."""
    reader = _reader(load_settings())
    facts = top_facts(reader.snapshot(MAX_JOBS))
    if as_json:
        print(json_line(facts))
    elif once or not (sys.stdin.isatty() and sys.stdout.isatty()):
        console = Console(highlight=False)
        console.print(screen(facts, console.width, UNBOUNDED_LINES))
    else:
        _update_until_quit(reader, facts, interval_s)
    return _reach(reader)


def _reach(reader: FleetReader) -> ExitCode:
    """UNREACHABLE where a shard did not answer; names it."""
    silent = reader.silent if isinstance(reader, ShardedFleetReader) else []
    for number, error in silent:
        print_message(f"warning: shard {number}: {error.message}; its figures are missing")
    return ExitCode.UNREACHABLE if silent else ExitCode.OK


def _reader(settings: Settings) -> FleetReader:
    if settings.broker_count > 1:
        return ShardedFleetReader(settings)
    return FleetReader(settings, hasty=True)


def _update_until_quit(reader: FleetReader, facts: Plain, interval_s: float) -> None:
    console = Console(highlight=False)
    first = screen(facts, console.width, console.height)
    with (
        # Reads in the background, so that keys work while the broker does not answer.
        background_snapshots(reader, MAX_JOBS, interval_s) as snapshots,
        _single_keys(),
        # The alternate screen; each update overwrites the last one, so nothing flickers.
        Live(first, console=console, screen=True, auto_refresh=False) as live,
    ):
        while not _quits_within(interval_s):
            facts, notice = _refresh(snapshots, facts)
            live.update(_sized_screen(console, facts, notice), refresh=True)


def _refresh(snapshots: BackgroundSnapshots, last: Plain) -> tuple[Plain, str]:
    """New facts; or the last ones and a notice while the broker does not answer."""
    snapshot = snapshots.last()
    facts = top_facts(snapshot.fleet) if snapshot.fleet else last
    of = f"(figures of {facts['time'][11:19]} UTC)"
    if snapshot.error:
        return facts, f"{snapshot.error} {of}"
    return facts, "" if snapshot.age_s < LATE_S + snapshots.period_s else f"the broker is slow {of}"


def _sized_screen(console: Console, facts: Plain, notice: str) -> RenderableType:
    return screen(facts, console.width, console.height, notice)


def _quits_within(seconds: float) -> bool:
    """Wait for keys; True where the user pressed q or the terminal was closed."""
    deadline = time.monotonic() + seconds
    while (remaining := deadline - time.monotonic()) > 0:
        readable, _, _ = select.select([sys.stdin], [], [], remaining)
        # os.read, because the buffer of sys.stdin would hide keys from select. No bytes: hang-up.
        if readable and not QUIT.isdisjoint(os.read(sys.stdin.fileno(), 64) or b"q"):
            return True
    return False


@contextmanager
def _single_keys() -> Iterator[None]:
    """Reads keys without Enter and without echo; always restores the terminal."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        _keep_output_at_interrupt(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _keep_output_at_interrupt(descriptor: int) -> None:
    """Ctrl-C discards no output.

    By default the kernel sends the signal and then discards what the process has written, which
    may already be the sequence that leaves the alternate screen (``man 3 termios``, NOFLSH).
    """
    modes = termios.tcgetattr(descriptor)
    modes[3] |= termios.NOFLSH
    termios.tcsetattr(descriptor, termios.TCSADRAIN, modes)
