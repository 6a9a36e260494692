"""Declares the commands that show and check a fleet: top, flower, doctor."""

from typing import Any

import click

from producer.cli import shared_options


@click.command(
    epilog="""\b
Examples:
  pagefleet top
  pagefleet top --once
  pagefleet top --json | jq .pages_per_s
"""
)
@click.option("--once", is_flag=True, help="Print the screen once and end.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures once as JSON and end.")
@click.option(
    "--interval",
    type=click.FloatRange(0.2),
    default=2.0,
    show_default=True,
    metavar="S",
    help="Seconds between two updates.",
)
def top(once: bool, as_json: bool, interval: float) -> int:
    """Show queues, workers, jobs and failures in a terminal, updated until you press q.

    An update costs three round trips to the broker. Rates and the share of time that workers
    are busy cover the last minute; workers report them every 8 seconds.
    """
    from producer.top.screen_loop import show_top

    return show_top(once, as_json, interval)


@click.command(
    epilog="""\b
Examples:
  pagefleet flower
  PAGEFLEET_FLOWER_PASSWORD=secret pagefleet flower --host 0.0.0.0
  pagefleet flower -- --url_prefix=flower --persistent=true
"""
)
@click.option("--host", "flower_host", help="Address to listen on (default: 127.0.0.1).")
@click.option(
    "--port",
    "flower_port",
    type=click.IntRange(1, 65535),
    help="Port to listen on (default: 5555).",
)
@shared_options.wait_for_services
@click.argument("more", nargs=-1, metavar="[-- FLOWER OPTION]...")
def flower(
    flower_host: str | None,
    flower_port: int | None,
    wait_for_services: bool,
    more: tuple[str, ...],
) -> int:
    """Serve Flower for this fleet: pages by job, queues and workers in a browser.

    Flower is read-only and needs a login. Install it with the extra 'flower'. Options after
    -- are passed to Flower, for example those for a login with Google, GitHub, GitLab or Okta.
    """
    from producer.flower.start import start_flower

    return start_flower(flower_host, flower_port, more, wait=wait_for_services)


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  pagefleet pools
  pagefleet pools --json | jq -r .pool
  pagefleet pools declare vllm cpu
""",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per pool.")
@click.pass_context
def pools(context: click.Context, as_json: bool) -> Any:
    """Show the pools of the fleet: workers, pages, and which of them it declares.

    A pool is the workers of one engine and model. With engine auto, a document goes to the best
    declared pool, also while that pool has no worker. A worker declares its own pool and repeats
    this while it lives. Control processes declare the pools of the setting 'pools'. A declaration
    holds for one hour.
    """
    from producer.commands.pools import show_pools

    return None if context.invoked_subcommand else show_pools(as_json)


@pools.command(
    epilog="""\b
Examples:
  pagefleet pools declare vllm cpu
  pagefleet pools declare vllm:deepseek-ai/DeepSeek-OCR-2@main --hours 720
"""
)
@click.argument("pools", nargs=-1, required=True, metavar="ENGINE[:MODEL[@REVISION]]...")
@click.option(
    "--hours",
    type=click.FloatRange(0, 8784, min_open=True),
    default=1.0,
    show_default=True,
    help="How long the declaration holds.",
)
def declare(pools: tuple[str, ...], hours: float) -> int:
    """Let auto send documents to these pools, also while they have no workers; prints their ids."""
    from producer.commands.pools import declare_pools

    return declare_pools(pools, hours)


@pools.command(
    epilog="""\b
Examples:
  pagefleet pools withdraw vllm
"""
)
@click.argument("pools", nargs=-1, required=True, metavar="POOL...")
def withdraw(pools: tuple[str, ...]) -> int:
    """End the declarations of pools, so that auto sends nothing there.

    Live workers and control processes declare their pools again: first stop those workers and
    change the setting 'pools'.
    """
    from producer.commands.pools import withdraw_pools

    return withdraw_pools(pools)


@click.command(
    epilog="""\b
Examples:
  pagefleet doctor
  pagefleet doctor --repair
  pagefleet doctor --rebuild      (after a backup of the store was restored)
"""
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per check.")
@click.option(
    "--repair", is_flag=True, help="Also rebuild the broker's state of open jobs from the store."
)
@click.option(
    "--rebuild",
    is_flag=True,
    help="Look at every job of a restored store; open those that are unfinished or incomplete.",
)
def doctor(as_json: bool, repair: bool, rebuild: bool) -> int:
    """Check broker, store, workers, pools, reducer, sweeper, versions, clocks and disk.

    Prints how to fix each problem.
    """
    from producer.commands.doctor import run_checks

    return run_checks(as_json, repair, rebuild)
