"""One line of a ``doctor``: what was looked at, what was found, how to mend it."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from shared.domain.errors import ExitCode, PagefleetError

Verdict = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Check:
    """The finding of one look."""

    name: str
    verdict: Verdict
    found: str
    #: What to do about it; empty where there is nothing to do.
    mend: str = ""


def run_check(name: str, action: Callable[[], Check | str]) -> Check:
    """Run one look; an error of the tree becomes its finding."""
    try:
        found = action()
    except PagefleetError as error:
        return Check(name, "error", error.message)
    return found if isinstance(found, Check) else Check(name, "ok", found)


def print_checks(checks: Iterable[Check], as_json: bool) -> int:
    """Print the findings; the exit status is 5 where one is an error."""
    status = ExitCode.OK
    for check in checks:
        if check.verdict == "error":
            status = ExitCode.UNREACHABLE
        print(json.dumps(asdict(check)) if as_json else _line(check), flush=True)
    return status


def _line(check: Check) -> str:
    mend = f"  -> {check.mend}" if check.mend else ""
    return f"{check.verdict:7} {check.name}: {check.found}{mend}"
