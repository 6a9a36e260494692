"""Lays out the figures of ``top`` for a terminal of any size."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from producer.status.pace import duration
from shared.broker.liveness.heartbeats import ROLE_NAMES, Role
from shared.console.printable import printable
from shared.domain.lanes import Lane

#: Terminals with fewer columns omit the less important columns of each table.
WIDE = 110
#: Lines of the header, and lines above the rows of each table: title and column names.
HEADER_LINES, TABLE_LINES = 4, 3
#: Characters of a progress bar.
BAR_WIDTH = 12
Plain = dict[str, Any]
Column = tuple[str, str, bool, Callable[[Plain], str | Text]]


def screen(facts: Plain, width: int, height: int, notice: str = "") -> RenderableType:
    """The whole screen; tables are cut to fit, with the number of hidden rows."""
    wide = width >= WIDE
    tables = [(name, title, columns) for name, title, columns in _TABLES if _is_shown(name, facts)]
    rows = _rows_per_table([len(facts[name]) for name, _, _ in tables], height)
    shown = [
        _table(title, facts[name], columns, most, wide)
        for (name, title, columns), most in zip(tables, rows, strict=True)
    ]
    return Group(_header(facts, notice), *shown)


def _is_shown(name: str, facts: Plain) -> bool:
    """Fleets without tenants have no table of them."""
    return name != "tenants" or bool(facts[name])


def _rows_per_table(needs: list[int], height: int) -> list[int]:
    """Rows for each table: short ones get all they need, long ones share the rest."""
    free = max(height - HEADER_LINES - len(needs) * TABLE_LINES, len(needs))
    rows = [0] * len(needs)
    while free > 0 and rows != needs:
        for place, need in enumerate(needs):
            if rows[place] < need and free > 0:
                rows[place] += 1
                free -= 1
    return rows


def _header(facts: Plain, notice: str) -> RenderableType:
    in_flight = sum(pool["in_flight"] for pool in facts["pools"])
    capacity = sum(pool["capacity"] for pool in facts["pools"])
    outstanding = sum(pool["outstanding"] for pool in facts["pools"])
    first = Text(no_wrap=True, overflow="ellipsis")
    first.append("pagefleet ", style="bold")
    first.append(f"{facts['time'][11:19]} UTC  ")
    first.append(f"{facts['pages_per_s']:.1f} pages/s  ", style="bold green")
    first.append(f"{facts['tokens_per_s']:.0f} tokens/s  ", style="green")
    first.append(f"in flight {in_flight}/{capacity}  outstanding {outstanding}")
    second = Text(no_wrap=True, overflow="ellipsis", style="dim")
    queues = "  ".join(f"{queue['name']} {queue['depth']}" for queue in facts["queues"])
    broker = facts["broker"]
    second.append(f"{queues}  unacknowledged {broker['unacknowledged']}  ")
    second.append(f"broker {broker['memory_bytes'] / 1048576:.1f} MiB")
    if notice:
        second = Text(printable(notice), style="bold red", no_wrap=True, overflow="ellipsis")
    return Group(first, second, _roles(facts))


def _roles(facts: Plain) -> Text:
    """How many processes serve each role, and what no reducer has written yet."""
    text = Text(no_wrap=True, overflow="ellipsis")
    for role, name in ROLE_NAMES.items():
        count = sum(process["role"] == role for process in facts["processes"])
        if count or role is Role.WATCH:
            text.append(f"{name}s {count}  ", style="dim")
        else:
            text.append(f"no {name}  ", style="bold red")
    waiting = facts["unwritten_jobs"]
    text.append(f"unwritten documents {waiting}", style="dim")
    if waiting:
        text.append(f" for {_age(facts['oldest_unwritten_s'])}", style="yellow")
    return text


def _table(
    title: str, rows: Sequence[Plain], columns: Iterable[Column], max_rows: int, wide: bool
) -> RenderableType:
    """A heading and at most ``max_rows`` rows."""
    shown = rows[:max_rows]
    hidden = len(rows) - len(shown)
    heading = Text(f"\n{title}", style="bold cyan", no_wrap=True)
    heading.append(f"  {hidden} more" if hidden else "" if rows else "  none", style="dim")
    table = Table(box=None, padding=(0, 1), expand=False, pad_edge=False, header_style="dim")
    visible = [column for column in columns if wide or not column[2]]
    for name, justify, _, _ in visible:
        table.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis")  # type: ignore[arg-type]
    for row in shown:
        table.add_row(*(_cell(show(row)) for _, _, _, show in visible))
    return Group(heading, table) if rows else heading


def _cell(shown: str | Text) -> Text:
    return shown if isinstance(shown, Text) else Text(printable(shown))


def _age(seconds: float | None) -> str:
    return "-" if seconds is None else duration(seconds)


def _lane(name: str) -> Callable[[Plain], str]:
    def show(pool: Plain) -> str:
        (queue,) = (q for q in pool["queues"] if q["name"].endswith(f".{name}"))
        age = f" {_age(queue['oldest_s'])}" if queue["oldest_s"] is not None else ""
        return f"{queue['depth']}{age}"

    return show


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.0f}%"


def _memory(worker: Plain) -> str:
    gpus = worker["gpus"]
    if not gpus:
        return "-"
    used, total = sum(g["used_mb"] for g in gpus), sum(g["total_mb"] for g in gpus)
    return f"{used / 1024:.0f}/{total / 1024:.0f}G"


def _gpu_busy(worker: Plain) -> str:
    shares = [gpu["busy"] for gpu in worker["gpus"] if gpu["busy"] is not None]
    return _share(sum(shares) / len(shares)) if shares else "-"


def _bar(job: Plain) -> Text:
    share = job["done"] / job["pages"] if job["pages"] else 1.0
    full = round(share * BAR_WIDTH)
    text = Text("━" * full, style="green")
    text.append("━" * (BAR_WIDTH - full), style="bright_black")
    text.append(f" {share * 100:3.0f}%")
    return text


def _failed(row: Plain) -> Text:
    failed = row["counts"]["failed"] if "counts" in row else row["failed"]
    return Text(printable(str(failed)), style="red" if failed else "")


def _of(*names: str) -> Callable[[Plain], str]:
    return lambda row: "/".join(str(row[name]) for name in names)


# Each column: name, alignment, whether only wide terminals show it, text of a cell.
_POOLS: tuple[Column, ...] = (
    ("pool", "left", False, _of("pool")),
    ("workers", "right", False, _of("workers")),
    ("in flight", "right", False, _of("in_flight", "capacity")),
    ("outstanding", "right", True, _of("outstanding")),
    *((lane.value, "right", lane is Lane.QUARANTINE, _lane(lane)) for lane in Lane),
    ("oldest", "right", False, lambda pool: _age(pool["oldest_page_s"])),
    ("jobs", "right", True, _of("open_jobs")),
    ("backlog", "right", True, _of("backlog_jobs")),
)
_TENANTS: tuple[Column, ...] = (
    ("tenant", "left", False, lambda tenant: tenant["tenant"] or "(none)"),
    ("pool", "left", False, _of("pool")),
    ("outstanding", "right", False, _of("outstanding")),
    ("quota", "left", False, lambda tenant: "reached" if tenant["at_quota"] else ""),
    ("jobs", "right", False, _of("open_jobs")),
    ("backlog", "right", False, _of("backlog_jobs")),
)
_WORKERS: tuple[Column, ...] = (
    ("name", "left", False, _of("name")),
    ("pool", "left", True, _of("pool")),
    ("model", "left", True, lambda worker: str(worker["model"] or "-")),
    ("pages", "right", False, _of("in_flight", "capacity")),
    ("busy", "right", False, lambda worker: _share(worker["busy"])),
    ("gpu", "right", False, _gpu_busy),
    ("memory", "right", False, _memory),
    ("pages/s", "right", False, lambda worker: f"{worker['pages_per_s']:.1f}"),
    ("tokens/s", "right", True, lambda worker: f"{worker['tokens_per_s']:.0f}"),
    ("done", "right", True, _of("pages")),
    ("failed", "right", True, _failed),
    ("up", "right", True, lambda worker: _age(worker["uptime_s"])),
)
_JOBS: tuple[Column, ...] = (
    ("job", "left", False, _of("job_id")),
    ("pool", "left", True, _of("pool")),
    ("priority", "left", True, _of("priority")),
    # A job id takes 49 columns; "pages" shows the progress on a narrow terminal too.
    ("progress", "left", True, _bar),
    ("pages", "right", False, _of("done", "pages")),
    ("failed", "right", True, _failed),
    ("pages/s", "right", True, lambda job: f"{job['pages_per_s'] or 0:.1f}"),
    ("eta", "right", False, lambda job: _age(job["eta_s"])),
)
_FAILURES: tuple[Column, ...] = (
    ("ago", "right", False, lambda failure: _age(failure["age_s"])),
    ("job", "left", True, _of("job_id")),
    ("page", "right", False, _of("page")),
    ("code", "left", False, _of("code")),
    ("message", "left", False, _of("message")),
)
# Each table: name among the figures, title, columns.
_TABLES = (
    ("pools", "POOLS", _POOLS),
    ("tenants", "TENANTS", _TENANTS),
    ("workers", "WORKERS", _WORKERS),
    ("jobs", "JOBS", _JOBS),
    ("failures", "LAST FAILURES", _FAILURES),
)
