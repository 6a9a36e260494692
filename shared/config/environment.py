"""The process environment: the only file that reads or changes it.

Settings come from here too, but for those that pydantic-settings reads by itself.
"""

import os
from pathlib import Path

PREFIX = "PAGEFLEET_"
CONFIG_VARIABLE = "PAGEFLEET_CONFIG"
_SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_HELPER_VARIABLES = frozenset(
    ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "TMPDIR", "TZ")
)


def data_home() -> Path:
    """The folder for data where nothing else is set: XDG, below pagefleet."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "pagefleet"


def config_path() -> Path | None:
    """The configuration file: named, in the working folder, or XDG's; None where there is none."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return None if named == os.devnull else Path(named)
    config_home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    candidates = (Path("pagefleet.toml"), config_home / "pagefleet" / "pagefleet.toml")
    return next((path for path in candidates if path.is_file()), None)


def check_config_file() -> None:
    """Raise OSError where a file was named that can't be read."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        with Path(named).open("rb"):
            pass


def setting_variables() -> list[str]:
    """Every variable that is meant to be a setting."""
    return [name for name in os.environ if name.startswith(PREFIX) and name != CONFIG_VARIABLE]


def other_variables() -> dict[str, str]:
    """Everything in the environment that is no setting of pagefleet."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def library_secrets() -> list[str | None]:
    """Secrets that other libraries take from the environment."""
    return [os.environ.get(name) for name in _SECRET_VARIABLES]


def visible_gpus() -> str | None:
    """The GPUs that this process may use, as the driver's libraries see it; None: all."""
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def set_vllm_defaults(log_level: str) -> None:
    """Set what vLLM reads from the environment, where nobody has set it; before its import.

    Its processes must be spawned: a fork of a process with many threads may hang.
    """
    wanted = {
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
        "VLLM_LOGGING_LEVEL": "INFO" if log_level == "debug" else "WARNING",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    for name, value in wanted.items():
        os.environ.setdefault(name, value)


def helper_environment() -> dict[str, str]:
    """The environment of processes that read hostile documents: no credentials in it."""
    kept = {k: v for k, v in os.environ.items() if k in _HELPER_VARIABLES or k.startswith("LC_")}
    # onnxruntime writes and sends telemetry unless this is set before its first import.
    return {**kept, "ORT_DISABLE_TELEMETRY": "1"}
