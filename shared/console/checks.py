"""Checks of ``doctor``: each has a verdict, a finding and advice."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from shared.console.printable import json_line, printable
from shared.domain.errors import ExitCode, PagefleetError

Verdict = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Check:
    """Result of one check; the field names are those of ``doctor --json``."""

    name: str
    verdict: Verdict
    found: str
    #: How to repair it; empty where nothing is wrong.
    mend: str = ""


def run_check(name: str, action: Callable[[], Check | str]) -> Check:
    """Run one check; a PagefleetError becomes an error verdict."""
    try:
        result = action()
    except PagefleetError as error:
        return Check(name, "error", error.message)
    return result if isinstance(result, Check) else Check(name, "ok", result)


def print_checks(checks: Iterable[Check], as_json: bool) -> int:
    """Print every check; returns exit code 5 where one is an error, else 0."""
    status = ExitCode.OK
    for check in checks:
        if check.verdict == "error":
            status = ExitCode.UNREACHABLE
        print(json_line(asdict(check)) if as_json else printable(_line(check)), flush=True)
    return status


def _line(check: Check) -> str:
    mend = f"  -> {check.mend}" if check.mend else ""
    return f"{check.verdict:7} {check.name}: {check.found}{mend}"
