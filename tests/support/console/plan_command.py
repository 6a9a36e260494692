"""Runs a plan from the command line: one option per field of its dataclass, and --keep."""

import argparse
import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

P = TypeVar("P")


def run_plan(
    prog: str,
    about: str | None,
    plan: type[P],
    run: Callable[[P, Path], int],
    words: Sequence[str] | None = None,
) -> int:
    """Run the plan that ``words`` set, in the folder of --keep or a temporary one.

    A ValueError of the plan is a wrong combination of options. None: words of the command line.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {prog}", description=about)
    kinds = get_type_hints(plan)
    for field in dataclasses.fields(plan):  # type: ignore[arg-type]
        name = "--" + field.name.replace("_", "-")
        parser.add_argument(name, **_option(kinds[field.name], field.default))
    parser.add_argument("--keep", type=Path, help="keep logs, journal and store in this folder")
    values = vars(parser.parse_args(words))
    keep = values.pop("keep")
    try:
        chosen = plan(**values)
    except ValueError as error:
        parser.error(str(error))
    with tempfile.TemporaryDirectory(prefix="pagefleet-plan-") as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        return run(chosen, folder)


def _option(kind: Any, default: Any) -> dict[str, Any]:
    if isinstance(default, bool):
        return {"action": "store_true"}
    choices = get_args(kind) if get_origin(kind) is Literal else None
    return {"type": type(default), "default": default, "help": f"({default})", "choices": choices}
