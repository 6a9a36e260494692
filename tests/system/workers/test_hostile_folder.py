"""A command that runs in a folder of another person imports no module from it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import BIN, environment, pdf, processes_of, wait_until

MODULES = (
    "click", "redis", "json", "re", "sitecustomize", "usercustomize", "celery", "kombu", "pydantic",
    "celeryconfig", "flowerconfig", "numpy", "pymupdf", "boto3", "shared", "workers", "producer",
    "secrets", "socket", "random", "tornado", "flower", "prometheus_client", "rapidocr", "cv2",
    "onnxruntime", "PIL", "runpy", "pkgutil", "multiprocessing", "logging", "asyncio", "ssl",
)  # fmt: skip
#: It imports nothing, because the modules that it would import are bait too.
BAIT = "open({marker!r}, 'w').close()\n"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder whose modules write the file ``marker`` beside it when they are imported."""
    folder = tmp_path / "hostile"
    (folder / "encodings").mkdir(parents=True)
    bait = BAIT.format(marker=str(tmp_path / "marker"))
    for name in (*MODULES, "startup", "encodings/__init__"):
        (folder / f"{name}.py").write_text(bait)
    (folder / "bait.pth").write_text(f"import sys; {bait}")
    return folder


def started(
    hostile: Path, settings: SettingsFactory, *words: str, **values: object
) -> "subprocess.Popen[bytes]":
    """Start the command in the hostile folder, without the tests' own protection."""
    variables = environment(settings(**values))
    variables.pop("PYTHONSAFEPATH", None)
    variables["PYTHONSTARTUP"] = str(hostile / "startup.py")
    program, *rest = words
    return subprocess.Popen(
        [str(BIN / program), *rest], cwd=hostile, env=variables, stdout=subprocess.DEVNULL
    )


@pytest.mark.parametrize(
    ("engine", "how"),
    [
        # The doctor below loads the modules of the CPU engine too, in a tenth of the time.
        pytest.param("cpu", ("-o", "../out"), marks=pytest.mark.long),
        ("fake", ("-o", "../out")),
        ("fake", ("--stream", "--pages", "1")),
    ],
)
def test_run_imports_nothing_from_the_working_folder(
    hostile: Path, settings: SettingsFactory, engine: str, how: tuple[str, ...]
) -> None:
    pdf(hostile / "a.pdf", 1)

    with started(hostile, settings, "pagefleet", "run", "a.pdf", *how, engine=engine) as command:
        status = command.wait(120)

    assert status == 0
    assert not (hostile.parent / "marker").exists()


@pytest.mark.parametrize("program", ["pagefleet", "pagefleet-worker"])
def test_doctor_imports_nothing_from_the_working_folder(
    hostile: Path, settings: SettingsFactory, program: str
) -> None:
    with started(hostile, settings, program, "doctor", engine="cpu") as command:
        command.wait(120)

    assert not (hostile.parent / "marker").exists()


def test_a_worker_imports_nothing_from_the_working_folder(
    hostile: Path, settings: SettingsFactory, redis_url: str
) -> None:
    values = {"redis_url": redis_url, "engine": "fake", "heartbeat_dir": hostile / "beats"}

    with started(hostile, settings, "pagefleet-worker", "start", **values) as command:
        wait_until(lambda: len(list((hostile / "beats").glob("*"))) == 2)
        wait_until(lambda: len(processes_of(settings())) >= 3)
        command.terminate()
        command.wait(60)

    assert not (hostile.parent / "marker").exists()


def test_flower_imports_nothing_from_the_working_folder(
    hostile: Path, settings: SettingsFactory, redis_url: str
) -> None:
    pytest.importorskip("flower")
    values = {"redis_url": redis_url, "flower_port": 0, "flower_password": "a-password"}

    with started(hostile, settings, "pagefleet", "flower", **values) as command:
        with pytest.raises(subprocess.TimeoutExpired):
            command.wait(8)
        command.terminate()
        command.wait(60)

    assert not (hostile.parent / "marker").exists()


def test_the_bait_works(hostile: Path) -> None:
    subprocess.run([sys.executable, "-c", "import click"], cwd=hostile, check=False)

    assert (hostile.parent / "marker").exists()
