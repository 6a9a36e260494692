"""Checks of broker, store, clock, disk and versions for both ``doctor`` commands."""

import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from shared import __version__
from shared.broker.connection import broker_errors, connect, server_address
from shared.config.settings import MEBIBYTE, Settings
from shared.console.checks import Check, run_check
from shared.console.store_probe import check_store

MAX_CLOCK_SKEW_S = 2.0
MIN_FREE_BYTES = 1024 * MEBIBYTE
PACKAGES = ("celery", "kombu", "redis", "boto3", "pymupdf", "rapidocr", "onnxruntime")


def common_checks(settings: Settings) -> Iterator[Check]:
    """The checks that apply to every machine."""
    yield run_check("versions", _versions)
    yield run_check("disk", lambda: _disk(settings))
    if settings.redis_url is None:
        mend = "set PAGEFLEET_REDIS_URL for a fleet; 'pagefleet run' starts its own"
        yield Check("broker", "warning", "none configured", mend)
    else:
        yield from broker_checks(settings)
    yield run_check("store", lambda: check_store(settings))


def broker_checks(settings: Settings) -> Iterator[Check]:
    """One check for each broker that this process uses."""
    if settings.broker_count < 2 or settings.shard is not None:
        yield run_check("broker", lambda: _broker(settings))
        return
    for each in settings.of_shards():
        check = run_check("broker", partial(_broker, each))
        yield replace(check, name=f"broker {each.shard}")


def _versions() -> str:
    python = ".".join(map(str, sys.version_info[:3]))
    versions = [f"pagefleet {__version__}", f"Python {python}"]
    for name in PACKAGES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            versions.append(f"{name} missing")
    return ", ".join(versions)


def _disk(settings: Settings) -> Check:
    folder = settings.home
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    finding = f"{free // MEBIBYTE} MiB free for {settings.home}"
    if free < MIN_FREE_BYTES:
        mend = "free some space, or set PAGEFLEET_HOME to another disk"
        return Check("disk", "warning", finding, mend)
    return Check("disk", "ok", finding)


def _broker(settings: Settings) -> Check:
    client = connect(settings, hasty=True)
    with broker_errors(settings):
        before = time.time()
        seconds, micros = client.time()
        skew = abs(seconds + micros / 1e6 - (before + time.time()) / 2)
        # Managed services refuse CONFIG, which has the same value.
        policy = client.info("memory").get("maxmemory_policy", "unknown")
        server = client.info("server").get("redis_version", "unknown")
    finding = (
        f"{server_address(client, settings)}, version {server}, clock {skew:.2f} s off, {policy}"
    )
    if policy not in ("noeviction", "unknown"):
        mend = "set maxmemory-policy noeviction: an evicted queue loses pages until the sweep"
        return Check("broker", "error", finding, mend)
    if skew > MAX_CLOCK_SKEW_S:
        return Check("broker", "warning", finding, "let NTP set the clocks of both machines")
    return Check("broker", "ok", finding)
