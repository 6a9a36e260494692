"""Each process gets only the secrets that it needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.config.environment import SECRET_SETTINGS, hidden_credentials
from shared.config.settings import Settings
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import BIN, environment, pdf, processes_of, wait_until, workers

SECRETS = {
    "engine_api_key": "engine-secret-1",
    "webhook_secret": "webhook-secret-2",
    "flower_password": "flower-secret-3",
}
AWS_SECRET = "aws-secret-4"


def words_of(pid: int) -> list[str]:
    """The command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def secrets_of(pid: int) -> set[str]:
    """Which secrets are in the environment of a process."""
    text = Path(f"/proc/{pid}/environ").read_text()
    found = {name for name, value in SECRETS.items() if value in text}
    return found | ({"aws"} if AWS_SECRET in text else set())


def child(config: Settings, word: str) -> int | None:
    """The process of these settings with ``word`` on its command line."""
    return next((pid for pid in processes_of(config) if word in words_of(pid)), None)


def test_worker_processes_get_no_secrets_of_others(
    settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    config = settings(redis_url=redis_url, engine="fake", **SECRETS)

    with workers(config, tmp_path / "log"):
        wait_until(lambda: child(config, "pages") and child(config, "control"))
        pages, control = child(config, "pages"), child(config, "control")
        assert pages is not None
        assert control is not None
        assert secrets_of(pages) == {"engine_api_key"}
        assert secrets_of(control) == {"webhook_secret"}


def test_the_process_of_a_streamed_page_gets_no_secrets_of_broker_and_store(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings(engine="fake", fake_latency_ms=10_000, **SECRETS)
    variables = {**environment(config), "AWS_SECRET_ACCESS_KEY": AWS_SECRET}
    source = str(pdf(tmp_path / "a.pdf", 1))

    with subprocess.Popen(
        [str(BIN / "pagefleet"), "run", source, "--stream"], env=variables
    ) as command:
        wait_until(lambda: child(config, "read"))
        reader = child(config, "read")
        assert reader
        found = secrets_of(reader)
        command.terminate()

    assert found == {"engine_api_key"}


def test_the_embedded_broker_gets_no_secrets(settings: SettingsFactory, tmp_path: Path) -> None:
    config = settings(engine="fake", fake_latency_ms=3000, **SECRETS)
    source = str(pdf(tmp_path / "a.pdf", 1))

    with subprocess.Popen(
        [str(BIN / "pagefleet"), "run", source, "-o", str(tmp_path / "out")],
        env=environment(config),
    ) as command:
        wait_until(lambda: brokers_of(command.pid))
        (broker,) = brokers_of(command.pid)
        found = secrets_of(broker)
        command.terminate()

    assert found == set()


def brokers_of(parent: int) -> list[int]:
    """The Valkey servers that a process started."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in children if "valkey-server" in words_of(int(pid))[0]]


def test_processes_that_a_library_starts_get_no_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [f"PAGEFLEET_{name.upper()}" for name in SECRET_SETTINGS]
    for name in (*names, "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "a-secret-word")
    command = [sys.executable, "-c", "import os; print(*os.environ.values())"]

    with hidden_credentials():
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert "a-secret-word" not in shown
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == "a-secret-word"


def test_every_secret_setting_is_known() -> None:
    secrets = {
        name for name, field in Settings.model_fields.items() if SecretStr.__name__ in str(field)
    }

    assert secrets == set(SECRET_SETTINGS)
