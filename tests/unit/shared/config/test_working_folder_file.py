"""A ``pagefleet.toml`` in the working folder counts only if this user alone controls it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from producer.watching.folder_options import FolderOptions
from shared.config.settings import load_settings
from shared.config.working_folder_file import OPTION_KEYS
from shared.domain.errors import UsageError

NAME = "pagefleet.toml"
OTHER_USER = 4711
ROOT_ONLY = pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A working folder of this user alone, and no configuration elsewhere."""
    for name in [name for name in os.environ if name.startswith("PAGEFLEET_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "here"
    folder.mkdir(mode=0o755)
    monkeypatch.chdir(folder)
    return folder


def write(folder: Path, text: str = "max_pages = 7\n", mode: int = 0o644) -> Path:
    """A configuration file."""
    path = folder / NAME
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_file_of_this_user_is_used(here: Path) -> None:
    write(here)

    assert load_settings().max_pages == 7


@pytest.mark.parametrize("mode", [0o646, 0o666])
def test_a_file_that_others_may_write_is_refused(here: Path, mode: int) -> None:
    path = write(here, mode=mode)

    with pytest.raises(UsageError, match=f"{path} .* other users may write it .*PAGEFLEET_CONFIG"):
        load_settings()


@ROOT_ONLY
def test_a_file_that_a_group_with_members_may_write_is_refused(here: Path) -> None:
    os.chown(write(here, mode=0o664), -1, OTHER_USER)

    with pytest.raises(UsageError, match="other users may write it"):
        load_settings()


@ROOT_ONLY
@pytest.mark.parametrize("owned", ["file", "folder", "link"])
def test_a_file_link_or_folder_of_another_user_is_refused(here: Path, owned: str) -> None:
    path = write(here)
    if owned == "link":
        path.rename(here / "real.toml")
        path.symlink_to("real.toml")
    os.chown(here if owned == "folder" else path, OTHER_USER, -1, follow_symlinks=False)

    with pytest.raises(UsageError, match=f"user {OTHER_USER} owns it"):
        load_settings()


def test_a_folder_in_which_others_may_write_is_refused_unless_it_is_sticky(here: Path) -> None:
    write(here)
    here.chmod(0o777)
    with pytest.raises(UsageError, match="other users may write its folder"):
        load_settings()

    here.chmod(0o1777)
    assert load_settings().max_pages == 7


def test_a_file_that_is_named_is_used_although_others_may_write_it(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGEFLEET_CONFIG", str(write(here, mode=0o666)))

    assert load_settings().max_pages == 7


@pytest.mark.parametrize(
    "text", ['task = "ocr"\n', 'max_pages = 7\nlabels = { a = "b" }\n', "dpi = 100\n"]
)
def test_options_of_an_inbox_are_not_taken_as_the_configuration(here: Path, text: str) -> None:
    path = write(here, text)

    with pytest.raises(UsageError, match=f"{path} .* holds options of a watched folder"):
        load_settings()


def test_the_known_options_are_all_options_of_an_inbox() -> None:
    assert set(FolderOptions.model_fields) == OPTION_KEYS


def test_brackets_nested_too_deep_are_one_line(here: Path) -> None:
    write(here, "x = " + "[" * 100_000)

    with pytest.raises(UsageError, match="is not valid TOML"):
        load_settings()


@pytest.mark.parametrize(("words", "named"), [((), True), (("--json",), False)])
def test_a_command_names_the_file_that_it_uses(
    here: Path, words: tuple[str, ...], named: bool
) -> None:
    path = write(here)
    command = [sys.executable, "-P", "-m", "producer.cli", "failures", "nothing", *words]

    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (f"using the settings of {path}\n" in ended.stderr) is named
