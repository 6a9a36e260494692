"""Dockerfiles and the compose file pass their linters and agree with the code and the locks."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.config.settings import Settings
from tests.support.paths import ROOT
from workers.process.supervisor import GRACE_S

BIN = Path(sys.executable).parent
DOCKER = ROOT / "infra" / "docker"
COMPOSE = ROOT / "infra" / "compose.yaml"


def tool(name: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of the environment that runs the tests."""
    command = [str(BIN / name), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of the compose file."""
    services: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return services


def pagefleet_services(services: dict[str, Any]) -> dict[str, Any]:
    """The services that run an image of pagefleet."""
    return {name: each for name, each in services.items() if each["image"].startswith("pagefleet/")}


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.gpu"])
def test_the_dockerfile_linter_finds_no_warning(name: str) -> None:
    linted = tool("hadolint", "--failure-threshold", "warning", str(DOCKER / name))

    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_the_compose_file_follows_its_schema() -> None:
    checked = tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE))

    assert checked.returncode == 0, checked.stdout


def test_infrastructure_files_are_clean_yaml() -> None:
    rules = "{extends: relaxed, rules: {line-length: disable}}"

    linted = tool("yamllint", "-d", rules, str(ROOT / "infra"), str(ROOT / "helm/pagefleet/ci"))

    assert linted.returncode == 0, linted.stdout


def test_compose_starts_every_part_of_a_fleet(services: dict[str, Any]) -> None:
    without_profile = {name for name, each in services.items() if "profiles" not in each}

    assert without_profile == {
        "valkey", "seaweedfs", "bucket",
        "cpu-worker", "reducer", "sweeper", "watcher", "flower"
    }  # fmt: skip
    assert services["gpu-worker"]["profiles"] == ["gpu"]


def test_every_variable_in_compose_is_a_setting(services: dict[str, Any]) -> None:
    for name, service in pagefleet_services(services).items():
        for variable in service["environment"]:
            if variable.startswith("PAGEFLEET_"):
                assert variable.removeprefix("PAGEFLEET_").lower() in Settings.model_fields, name


def test_compose_waits_longer_than_a_worker_drains(services: dict[str, Any]) -> None:
    for name, service in pagefleet_services(services).items():
        grace = float(service["stop_grace_period"].removesuffix("s"))
        assert grace > float(service["environment"]["PAGEFLEET_DRAIN_S"]) + GRACE_S, name


def test_no_pagefleet_container_is_privileged_or_writable(services: dict[str, Any]) -> None:
    for service in pagefleet_services(services).values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["healthcheck"]


def test_no_secret_has_a_default() -> None:
    text = COMPOSE.read_text()
    secrets = set(re.findall(r"\$\{(\w+)", text))

    assert secrets
    assert secrets == set(re.findall(r"\$\{(\w+):\?", text))


def test_ports_are_open_to_this_machine_only(services: dict[str, Any]) -> None:
    published = [port for each in services.values() for port in each.get("ports", [])]

    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_both_images_run_as_an_unprivileged_user_and_reap_processes() -> None:
    for name in ("Dockerfile", "Dockerfile.gpu"):
        text = (DOCKER / name).read_text()
        assert text.rindex("\nUSER 10001:10001") > text.rindex("\nRUN"), name
        assert 'ENTRYPOINT ["tini", "--"]' in text


def test_the_gpu_image_and_its_lock_name_the_same_vllm() -> None:
    base = re.search(r"vllm-openai:v([^@\s]+)", (DOCKER / "Dockerfile.gpu").read_text())
    lock = (DOCKER / "requirements-gpu.lock").read_text()
    constraints = dict(
        line.split("==") for line in (DOCKER / "gpu-constraints.txt").read_text().splitlines()
        if "==" in line
    )  # fmt: skip

    assert base
    assert constraints["vllm"] == base[1]
    for name, version in constraints.items():
        assert re.search(rf"^{name}=={re.escape(version)} \\$", lock, re.MULTILINE)


@pytest.mark.parametrize("name", ["requirements-cpu.lock", "requirements-gpu.lock"])
def test_the_image_locks_hold_the_versions_that_the_code_pins(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = [re.fullmatch(r"([a-z0-9-]+)(?:\[\w+\])?==([\w.]+)", d) for d in project["dependencies"]]
    lock = (DOCKER / name).read_text()

    assert sum(pin is not None for pin in pins) >= 4
    for pin in filter(None, pins):
        assert f"\n{pin[1]}=={pin[2]} \\\n" in f"\n{lock}", pin[1]


def test_the_cpu_image_has_no_torch() -> None:
    lock = (DOCKER / "requirements-cpu.lock").read_text()

    assert not re.search(r"^(torch|vllm|nvidia-)", lock, re.MULTILINE)
