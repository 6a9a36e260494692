"""The command line of a plan: one option a field, and a folder for what it leaves."""

import argparse
import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

P = TypeVar("P")


def run_plan(prog: str, about: str | None, plan: type[P], run: Callable[[P, Path], int]) -> int:
    """The status of ``run`` with a plan of the command's words, in the kept or a passing folder."""
    parser = argparse.ArgumentParser(prog=f"python -m {prog}", description=about)
    kinds = get_type_hints(plan)
    for field in dataclasses.fields(plan):  # type: ignore[arg-type]
        name = "--" + field.name.replace("_", "-")
        parser.add_argument(name, **_option(kinds[field.name], field.default))
    parser.add_argument("--keep", type=Path, help="folder for logs, journal and store")
    given = vars(parser.parse_args())
    keep = given.pop("keep")
    with tempfile.TemporaryDirectory(prefix="pagefleet-plan-") as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        return run(plan(**given), folder)


def _option(kind: Any, default: Any) -> dict[str, Any]:
    if isinstance(default, bool):
        return {"action": "store_true"}
    choices = get_args(kind) if get_origin(kind) is Literal else None
    return {"type": type(default), "default": default, "help": f"({default})", "choices": choices}
