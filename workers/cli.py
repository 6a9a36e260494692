"""The command ``pagefleet-worker``."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shared import __version__
from shared.console.entry_point import run_command
from shared.domain.catalogue import engine_choices, model_choices
from shared.domain.errors import UsageError
from shared.processes import command_process

if TYPE_CHECKING:
    from shared.config.settings import Settings
    from shared.telemetry.health import Health

ROLES = frozenset({"pages", "reduce", "sweep"})


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="pagefleet-worker")
def cli() -> None:
    """Worker processes of a fleet: they read pages, write documents and repair jobs.

    Configure them with PAGEFLEET_* variables or a pagefleet.toml; at least
    PAGEFLEET_REDIS_URL and PAGEFLEET_STORE, the same on every machine.
    """


@cli.command(
    epilog="""\b
Examples:
  pagefleet-worker start                          everything, with the best engine here
  pagefleet-worker start --engine cpu --concurrency 4
  pagefleet-worker start --engine vllm --gpus 0,1
  pagefleet-worker start --engine cpu --model tiny
  pagefleet-worker start --roles reduce,sweep     no engine: writes documents and repairs
"""
)
@click.option("--roles", help="Roles, separated by commas: pages, reduce, sweep (default: all).")
@click.option("--engine", help=f"{engine_choices()}.")
@click.option("--engine-url", help="Server of the openai engine.")
@click.option("--model", help=f"Model of the engine; for {model_choices()}.")
@click.option("--revision", help="Branch, tag or commit of the model's repository.")
@click.option("--gpus", help="auto, or indices such as 0,1.")
@click.option("--tensor-parallel-size", type=click.IntRange(1), help="GPUs per engine.")
@click.option("--concurrency", "max_concurrency", help="Pages in flight per engine: N or auto.")
@click.option("--num-workers", help="Processes that render and prepare pages: N or auto.")
def start(**options: Any) -> int:
    """Start worker processes and keep them alive until SIGTERM."""
    from shared.config.settings import load_settings
    from workers.observability.logs import configure
    from workers.process.start import start_workers

    settings = load_settings(**options)
    configure(settings)
    return start_workers(settings, parse_roles(settings.roles))


@cli.command(hidden=True)
@click.argument("kind", type=click.Choice(["pages", "control"]))
@click.option("--engine", default="")
@click.option("--roles", default="reduce,sweep")
@click.option("--role", default="worker", help="Name of this process on its machine.")
@click.option("--metrics-port", type=int, help="Port of this process; 0: none.")
@click.option("--name", required=True)
def serve(
    kind: str, engine: str, roles: str, role: str, metrics_port: int | None, name: str
) -> int:
    """One worker process; the supervisor starts these."""
    from shared.config.settings import load_settings
    from shared.telemetry.health import START, Health
    from shared.telemetry.heartbeat_file import heartbeat_file
    from shared.telemetry.http_port import http_port
    from shared.telemetry.process_labels import PROCESS_LABELS
    from workers.observability.logs import configure

    settings = load_settings(metrics_port=metrics_port)
    worker = re.sub(r"[^A-Za-z0-9._-]", "-", name)
    configure(settings, worker)
    PROCESS_LABELS.add(fleet=settings.fleet)
    health = Health()
    health.require(START, to_start=True)
    with (
        http_port(settings.metrics_host, settings.metrics_port, health),
        heartbeat_file(settings.heartbeat_dir, role, health),
    ):
        return _serve(settings, kind, engine, roles, worker, health)


def _serve(
    settings: "Settings", kind: str, engine: str, roles: str, worker: str, health: "Health"
) -> int:
    if kind == "pages":
        from workers.process.pages_process import PagesProcess

        return PagesProcess(settings, engine, worker, health).run()
    from workers.process.control_process import ControlProcess

    return ControlProcess(settings, worker, parse_roles(roles), health).run()


@cli.command(hidden=True)
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--kind", required=True)
@click.option("--sha256", required=True)
@click.option("--page", type=click.IntRange(1), required=True)
@click.option("--options", required=True)
def read(source: Path, kind: str, sha256: str, page: int, options: str) -> int:
    """Print one page's text while the engine generates it; 'pagefleet run --stream' starts this."""
    from shared.config.settings import load_settings
    from shared.domain.records.options import PageOptions
    from workers.observability.logs import configure
    from workers.pipeline.read_page import read_page

    settings = load_settings()
    # Only warnings and errors may appear between the lines of the page's text.
    configure(settings.model_copy(update={"log_level": "warning"}))
    return read_page(settings, source, kind, sha256, page, PageOptions.model_validate_json(options))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per check.")
@click.option("--engine", help="Engine to check (default: the one that would start).")
def doctor(as_json: bool, engine: str | None) -> int:
    """Check engine, GPU, packages, broker and store, and say how to fix each problem."""
    from shared.config.settings import load_settings
    from workers.process.doctor import examine

    return examine(load_settings(engine=engine), as_json)


def parse_roles(text: str) -> frozenset[str]:
    """The roles in a comma-separated list; raises UsageError."""
    roles = frozenset(part.strip() for part in text.split(",") if part.strip())
    unknown = sorted(roles - ROLES)
    if unknown or not roles:
        named = ", ".join(unknown) or "none"
        raise UsageError(f"unknown role: {named}; use {', '.join(sorted(ROLES))}")
    return roles


def main() -> None:
    """Entry point; ends the process with the command's exit status."""
    command_process.begin()
    # Set before onnxruntime is imported: its wheel sends telemetry by default.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    command_process.end(run_command(cli, "pagefleet-worker"))


if __name__ == "__main__":
    main()
