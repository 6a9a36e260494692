"""Compares pagefleet with the published vLLM recipe on one GPU, in one run.

    python -m benchmarks.gpu --model DIR --price 2.5
    python -m benchmarks.gpu --model DIR --parts fleet --pages 512 --sizes 192,2000
    python -m benchmarks.gpu --engine fake --pages 24 --set fake_latency_ms=50    (no GPU)

Every part runs on the same pages, tokens and GPU, in its own process: "recipe" is vLLM's
published recipe, "fleet" is all of pagefleet from submission to finished documents, "ceiling" is
the engine alone on prepared pages. "acceptance" (only if named; no GPU) measures how many drafted
tokens the pages of --pdf accept, "drafts" (only if named) is the fleet with drafts and replayed
answers. --gpus 2 adds "two-engines" and "tensor-parallel".
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from benchmarks.gpu.distribution import is_installed, write_metadata
from benchmarks.gpu.plan import Plan, write_plan
from benchmarks.gpu.report import table
from benchmarks.gpu.varied_pages import write_documents
from shared.config.settings import as_environment, load_settings
from shared.processes.parent_death import die_with_parent
from workers.host.cores import usable_cores

PARTS = ("recipe", "fleet", "ceiling")
#: Parts that are measured only if they are named.
MORE_PARTS = ("acceptance", "drafts")
#: The fleet's settings in the part "drafts". With that share of replaced tokens the generated pages
#: accept as many drafts as the part "acceptance" finds for articles.
DRAFTS = {"draft_source": "text", "bench_draft_noise": "0.155"}
PACKAGES = ("vllm", "torch", "transformers", "pymupdf", "celery")
#: Seconds for loading and stopping, beyond a part's limit, before it is killed.
SLACK_S = 30
#: No part starts with less than so many seconds.
LEAST_S = 5
ROOT = Path(__file__).parents[2]


def main() -> int:
    """Measure the chosen parts, write the JSON file and print the table."""
    options = _arguments()
    deadline = time.monotonic() + options.budget
    with tempfile.TemporaryDirectory(prefix="pagefleet-gpu-", dir=options.folder) as name:
        folder = Path(name)
        result = _facts(options)
        if options.merge and options.out.exists():
            result["parts"] = json.loads(options.out.read_text())["parts"]
        for part, plan in _plans(options, _documents(options, folder), folder).items():
            left = deadline - time.monotonic() - SLACK_S
            result["parts"][part] = run_part(part, plan.within(left), folder)
            options.out.write_text(json.dumps(result, indent=1))
    print(f"\nwritten to {options.out}\n\n{table(result)}", flush=True)
    return int(any("error" in found for found in result["parts"].values()))


def run_part(part: str, plan: Plan, folder: Path) -> dict[str, Any]:
    """The result of one part; {"error": reason} if it failed."""
    if plan.limit_s < LEAST_S:
        return {"error": "no time left (--budget)"}
    module = {"acceptance": "drafts.acceptance"}.get(part, part if part in PARTS else "fleet")
    plan_file, result_file = folder / f"{part}.plan.json", folder / f"{part}.json"
    write_plan(plan, plan_file)
    print(f"--- {part}", flush=True)
    parent = os.getpid()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.gpu.part", module, str(plan_file), str(result_file)],
        cwd=ROOT,
        env=_environment(part, plan, folder),
        preexec_fn=lambda: die_with_parent(parent),
    )
    try:
        failure = f"ended with {process.wait(plan.limit_s + SLACK_S)}"
    except subprocess.TimeoutExpired:
        _kill_tree(process)
        failure = f"took longer than {plan.limit_s + SLACK_S:.0f} s"
    if not result_file.exists():
        return {"error": failure}
    found: dict[str, Any] = json.loads(result_file.read_text())
    return found


def _kill_tree(process: "subprocess.Popen[bytes]") -> None:
    """Kill a part and all its descendants; a running engine would keep the GPU's memory."""
    parent = psutil.Process(process.pid)
    for each in [*parent.children(recursive=True), parent]:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()


def _environment(part: str, plan: Plan, folder: Path) -> dict[str, str]:
    variables = as_environment(load_settings())
    variables.setdefault("HF_HUB_OFFLINE", "1")
    variables.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    if part == "recipe":
        # Its logits processor needs the first model runner.
        variables.setdefault("VLLM_USE_V2_MODEL_RUNNER", "0")
    variables["CUDA_VISIBLE_DEVICES"] = plan.gpus
    if not is_installed():
        paths = [str(write_metadata(folder / "metadata")), variables.get("PYTHONPATH", "")]
        variables["PYTHONPATH"] = ":".join(path for path in paths if path)
    return variables


def _plans(options: argparse.Namespace, documents: list[Path], folder: Path) -> dict[str, Plan]:
    """The plan of each part, in order."""
    plan = Plan(
        engine=options.engine,
        model=options.model,
        documents=tuple(str(path) for path in documents),
        pages=options.pages,
        tokens=options.tokens,
        folder=str(folder / "home"),
        dummy=not options.real_weights,
        extra=dict(pair.split("=", 1) for pair in options.set),
        recipe=options.recipe,
        ngram=not options.no_ngram,
        limit_s=options.limit,
    )
    plans = {part: plan for part in options.parts}
    if "fleet" in plans:
        plans["fleet"] = plan.with_sizes(options.sizes)
    if "drafts" in plans:
        fleet = plans.get("fleet", plan)
        plans["drafts"] = replace(fleet, extra={**DRAFTS, **fleet.extra})
    if options.gpus == 2:
        plans["two-engines"] = plan.for_gpus("0,1")
        plans["tensor-parallel"] = plan.for_gpus("0,1", tensor_parallel_size=2)
    return plans


def _documents(options: argparse.Namespace, folder: Path) -> list[Path]:
    if options.pdf:
        return [path.resolve() for path in options.pdf]
    started, pages = time.monotonic(), max(options.pages, *options.sizes, 0)
    documents = write_documents(folder / "documents", pages, usable_cores())
    bytes_ = sum(path.stat().st_size for path in documents)
    print(
        f"{pages} pages in {len(documents)} PDFs, {bytes_ / 1e6:.0f} MB, made in "
        f"{time.monotonic() - started:.0f} s",
        flush=True,
    )
    return documents


def _facts(options: argparse.Namespace) -> dict[str, Any]:
    """Date, machine and versions of this measurement."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": _gpu_names(),
        "cores": usable_cores(),
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
        "engine": options.engine,
        "tokens": options.tokens,
        "price": options.price,
        "dummy_weights": not options.real_weights,
        "parts": {},
    }


def _gpu_names() -> list[str]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    command = [tool, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return [line.strip() for line in shown.stdout.splitlines() if line.strip()]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--model", help="a checkpoint folder; with dummy weights its configuration is enough")
    add("--engine", default="vllm", help="use fake without a GPU")
    add("--pages", type=int, default=512)
    add("--tokens", type=int, default=700, help="output tokens per page")
    add(
        "--sizes",
        type=_numbers,
        default=(),
        help="more numbers of pages for the fleet: 192,2000",
    )
    add(
        "--parts",
        type=_parts,
        default=PARTS,
        help="some of recipe, fleet, ceiling, acceptance, drafts; may be empty with --gpus",
    )
    add("--gpus", type=int, choices=(1, 2), default=1)
    add("--price", type=float, help="price of a GPU hour")
    add("--pdf", type=Path, nargs="+", help="use these documents instead of generated ones")
    add(
        "--real-weights",
        action="store_true",
        help="real weights; answers end by themselves",
    )
    add("--no-ngram", action="store_true", help="run the recipe without repeat control")
    add("--recipe", type=json.loads, default={}, help="further LLM arguments as JSON")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a pagefleet setting")
    add("--limit", type=float, default=540, help="seconds for each part")
    add("--budget", type=float, default=3600, help="seconds for all parts")
    add("--folder", type=Path, help="folder for temporary stores and documents")
    add("--out", type=Path, default=Path("gpu-benchmark.json"))
    add("--merge", action="store_true", help="keep the other parts that the result file contains")
    options = parser.parse_args()
    if options.engine == "vllm" and options.model is None:
        parser.error("--model DIR is needed for the vllm engine")
    return options


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",") if part)


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    known = (*PARTS, *MORE_PARTS)
    if not set(parts) <= set(known):
        raise argparse.ArgumentTypeError(f"parts are {', '.join(known)}")
    return parts


if __name__ == "__main__":
    sys.exit(main())
