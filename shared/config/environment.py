"""Access to environment variables; no other module reads or changes them.

pydantic-settings reads the PAGEFLEET_* variables itself.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from shared.config.import_folders import child_python_path

PREFIX = "PAGEFLEET_"
CONFIG_VARIABLE = "PAGEFLEET_CONFIG"
WORKING_FOLDER_FILE = Path("pagefleet.toml")
_SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_STORE_CREDENTIALS = ("AWS_ACCESS_KEY_ID", *_SECRET_VARIABLES, "AWS_CONTAINER_AUTHORIZATION_TOKEN")
#: Names of the settings that are secrets.
SECRET_SETTINGS = (
    "redis_url",
    "redis_password",
    "redis_sentinel_password",
    "engine_api_key",
    "webhook_secret",
    "flower_password",
)
_HELPER_VARIABLES = frozenset(
    (
        "PATH",
        "HOME",
        "LANG",
        "LD_LIBRARY_PATH",
        "OMP_NUM_THREADS",
        "PYTHONDONTWRITEBYTECODE",
        "TMPDIR",
        "TZ",
    )
)
#: A socket's path has at most 107 bytes; vLLM appends a slash and a UUID.
_MAX_SOCKET_FOLDER = 107 - 37
#: Like -P, for Pythons that a library starts.
_SAFE_PATH = {"PYTHONSAFEPATH": "1"}


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
    candidates = (WORKING_FOLDER_FILE, config_home / "pagefleet" / "pagefleet.toml")
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
    """The environment without settings of pagefleet, for a child Python and its children.

    The child imports nothing from its working folder, and neither do Pythons that it starts.
    """
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    python_path = child_python_path(others.pop("PYTHONPATH", ""), os.pathsep)
    if python_path:
        others["PYTHONPATH"] = python_path
    return {**others, **_SAFE_PATH}


def library_secrets() -> list[str | None]:
    """Secrets that other libraries read from the environment."""
    return [os.environ.get(name) for name in _SECRET_VARIABLES]


def visible_gpus() -> str | None:
    """CUDA_VISIBLE_DEVICES: the GPUs that this process may use; None: all."""
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def set_vllm_defaults(log_level: str, private: Path) -> None:
    """Set the defaults of vLLM's variables; call it before vLLM is imported.

    vLLM must spawn its processes: the fork of a process with many threads may hang. Its sockets go
    into the folder ``private``: it creates them with the umask, and a process that connects to one
    can send pickled objects. Where the path is too long for a socket, vLLM's own folder is used.
    """
    if len(os.fsencode(private)) <= _MAX_SOCKET_FOLDER:
        os.environ["VLLM_RPC_BASE_PATH"] = str(private)
    defaults = {
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
        "VLLM_LOGGING_LEVEL": "INFO" if log_level == "debug" else "WARNING",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


@contextmanager
def hidden_credentials() -> Iterator[None]:
    """Take credentials out of the environment, for a library that starts processes meanwhile."""
    settings = [PREFIX + name.upper() for name in SECRET_SETTINGS]
    names = [name for name in (*_STORE_CREDENTIALS, *settings) if name in os.environ]
    hidden = {name: os.environ.pop(name) for name in names}
    try:
        yield
    finally:
        os.environ.update(hidden)


def without_store_credentials(variables: Mapping[str, str]) -> dict[str, str]:
    """``variables`` for a child that uses no store."""
    return {name: value for name, value in variables.items() if name not in _STORE_CREDENTIALS}


def helper_environment() -> dict[str, str]:
    """The environment of children that need no credentials, as most read untrusted documents."""
    allowed = {k: v for k, v in os.environ.items() if k in _HELPER_VARIABLES or k.startswith("LC_")}
    # onnxruntime sends telemetry unless this is set before its first import.
    return {**allowed, **_SAFE_PATH, "ORT_DISABLE_TELEMETRY": "1"}


def program_environment() -> dict[str, str]:
    """The environment of another program that reads a document on one thread: no secrets."""
    names = ("PATH", "LD_LIBRARY_PATH", "TESSDATA_PREFIX", "TMPDIR")
    allowed = {name: os.environ[name] for name in names if name in os.environ}
    return {**allowed, "LC_ALL": "C.UTF-8", "OMP_THREAD_LIMIT": "1"}
