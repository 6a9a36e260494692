"""Settings: order of the sources, unknown names, and secrets."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.config.environment import set_vllm_defaults
from shared.config.settings import Settings, as_environment, build_settings, load_settings
from shared.domain.errors import UsageError


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Remove the variables and configuration files of this machine."""
    for name in [name for name in os.environ if name.startswith("PAGEFLEET_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def test_the_command_line_overrides_variables_and_variables_override_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pagefleet.toml").write_text('engine = "cpu"\nmax_pages = 7\ndpi = 100\n')
    monkeypatch.setenv("PAGEFLEET_MAX_PAGES", "8")
    monkeypatch.setenv("PAGEFLEET_DPI", "120")

    settings = load_settings(dpi=150, engine=None)

    assert (settings.engine, settings.max_pages, settings.dpi) == ("cpu", 8, 150)


def test_the_file_is_the_named_one_then_the_one_here_then_the_one_in_the_config_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shared = tmp_path / "config" / "pagefleet" / "pagefleet.toml"
    shared.parent.mkdir(parents=True)
    shared.write_text("max_pages = 1\n")
    assert load_settings().max_pages == 1
    (tmp_path / "pagefleet.toml").write_text("max_pages = 2\n")
    assert load_settings().max_pages == 2
    (tmp_path / "mine.toml").write_text("max_pages = 3\n")
    monkeypatch.setenv("PAGEFLEET_CONFIG", str(tmp_path / "mine.toml"))
    assert load_settings().max_pages == 3


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("PAGEFLEET_STOER", "unknown setting PAGEFLEET_STOER; did you mean 'store'"),
        ("PAGEFLEET_PORTER", "unknown setting PAGEFLEET_PORTER"),
    ],
)
def test_an_unknown_variable_is_an_error(
    monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.setenv(name, "x")

    with pytest.raises(UsageError, match=message):
        load_settings()


@pytest.mark.parametrize(
    "name",
    [
        "PAGEFLEET_REDIS_SERVICE_HOST",
        "PAGEFLEET_REDIS_SERVICE_PORT",
        "PAGEFLEET_REDIS_SERVICE_PORT_REDIS",
        "PAGEFLEET_REDIS_PORT",
        "PAGEFLEET_REDIS_PORT_6379_TCP",
        "PAGEFLEET_REDIS_PORT_6379_TCP_PROTO",
        "PAGEFLEET_REDIS_PORT_6379_TCP_ADDR",
    ],
)
def test_variables_of_kubernetes_services_are_ignored(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "tcp://10.0.0.1:6379")

    assert load_settings().redis_url is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_pagse = 3", "unknown setting 'max_pagse'; did you mean 'max_pages'"),
        ("max_pages = 0", "setting 'max_pages': .*not 0"),
        ('engine_timeout_s = "soon"', "setting 'engine_timeout_s'"),
        ('max_pages = 3\ncrop_mode = "wild"', "setting 'crop_mode'"),
        ("= broken", "is not valid TOML"),
    ],
)
def test_an_error_in_the_file_is_reported_in_one_line(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "pagefleet.toml").write_text(text)

    with pytest.raises(UsageError, match=message) as refused:
        load_settings()
    assert "\n" not in refused.value.message


def test_a_named_file_that_does_not_exist_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PAGEFLEET_CONFIG", str(tmp_path / "nowhere.toml"))

    with pytest.raises(UsageError, match=r"can't read .*nowhere\.toml"):
        load_settings()


def test_the_password_of_the_broker_is_in_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGEFLEET_REDIS_URL", "redis://:hunter2@host/0")

    assert "hunter2" not in repr(load_settings())
    assert load_settings().broker_url() == "redis://:hunter2@host/0"


def test_a_child_process_gets_the_same_settings_and_reads_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    values = {"engine": "fake", "fake_fail_pages": "2,5-7", "redis_url": "redis://:p@h/0"}
    settings = build_settings({**values, "home": tmp_path / "a b", "fake_render": False, "dpi": 90})
    (tmp_path / "pagefleet.toml").write_text("max_pages = 1\n")
    program = "from shared.config.settings import load_settings as l; print(l().model_dump_json())"

    shown = subprocess.run(
        [sys.executable, "-c", program],
        env=as_environment(settings),
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert Settings.model_validate_json(shown, strict=False).model_dump(
        exclude={"redis_url"}
    ) == settings.model_dump(exclude={"redis_url"})


def test_the_default_store_is_in_the_data_folder_and_only_it_has_a_retention(
    tmp_path: Path,
) -> None:
    plain, own = load_settings(), load_settings(store="s3://bucket/x")

    assert plain.home == tmp_path / "data" / "pagefleet"
    assert plain.store_url == (plain.home / "store").as_uri()
    assert (plain.effective_retention_days, own.effective_retention_days) == (30, None)
    assert load_settings(store="s3://b/x", retention_days=3).effective_retention_days == 3


@pytest.mark.parametrize(("folder", "is_private"), [("/dev/shm/private", True), ("/a" * 40, False)])
def test_sockets_of_vllm_lie_in_a_private_folder(
    monkeypatch: pytest.MonkeyPatch, folder: str, is_private: bool
) -> None:
    monkeypatch.setenv("VLLM_RPC_BASE_PATH", "/tmp")

    set_vllm_defaults("info", Path(folder))

    # A socket's path has at most 107 bytes.
    assert (os.environ["VLLM_RPC_BASE_PATH"] == folder) is is_private
