"""Access to environment variables; no other module reads or changes them.

pydantic-settings reads the PAGEFLEET_* variables itself.
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
    """The default data folder: ``pagefleet`` in the XDG data folder."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "pagefleet"


def config_path() -> Path | None:
    """The configuration file, or None.

    It is the file that PAGEFLEET_CONFIG names, else ``pagefleet.toml`` in the working folder, else
    the one in the XDG configuration folder.
    """
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return None if named == os.devnull else Path(named)
    config_home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    candidates = (Path("pagefleet.toml"), config_home / "pagefleet" / "pagefleet.toml")
    return next((path for path in candidates if path.is_file()), None)


def check_config_file() -> None:
    """Raise OSError where PAGEFLEET_CONFIG names a file that cannot be read."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        with Path(named).open("rb"):
            pass


def setting_variables() -> list[str]:
    """Names of all variables with the prefix of settings."""
    return [name for name in os.environ if name.startswith(PREFIX) and name != CONFIG_VARIABLE]


def other_variables() -> dict[str, str]:
    """The environment without settings of pagefleet."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def library_secrets() -> list[str | None]:
    """Secrets that other libraries read from the environment."""
    return [os.environ.get(name) for name in _SECRET_VARIABLES]


def visible_gpus() -> str | None:
    """CUDA_VISIBLE_DEVICES: the GPUs that this process may use; None: all."""
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def set_vllm_defaults(log_level: str) -> None:
    """Set the defaults of vLLM's variables; call it before vLLM is imported.

    vLLM must spawn its processes: the fork of a process with many threads may hang.
    """
    defaults = {
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
        "VLLM_LOGGING_LEVEL": "INFO" if log_level == "debug" else "WARNING",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def helper_environment() -> dict[str, str]:
    """The environment of helper processes, without credentials: they read hostile documents."""
    allowed = {k: v for k, v in os.environ.items() if k in _HELPER_VARIABLES or k.startswith("LC_")}
    # onnxruntime sends telemetry unless this is set before its first import.
    return {**allowed, "ORT_DISABLE_TELEMETRY": "1"}
