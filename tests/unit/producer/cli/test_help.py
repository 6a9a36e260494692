"""The help of every command teaches by examples."""

import re

import click
import pytest
from click.testing import CliRunner

from producer.cli import cli
from shared.domain.catalogue import CATALOGUE
from shared.domain.tasks import Task


@pytest.mark.parametrize("command", cli.commands.values(), ids=lambda command: command.name)
def test_every_command_and_option_is_explained_and_has_an_example(command: click.Command) -> None:
    params = command.get_params(click.Context(command))
    options = [each for each in params if isinstance(each, click.Option)]

    assert command.help
    assert f"pagefleet {command.name}" in (command.epilog or "")
    assert [option.name for option in options if not option.help] == []


def test_the_help_names_every_engine_and_every_task() -> None:
    for name in ("run", "submit", "watch"):
        helps = {each.name: getattr(each, "help", "") for each in cli.commands[name].params}

        assert [engine for engine in CATALOGUE if engine not in helps["engine"]] == []
        assert [task.value for task in Task if task.value not in helps["task"]] == []


def test_the_help_lists_every_command_in_one_section() -> None:
    shown = CliRunner().invoke(cli, ["--help"]).output

    listed = re.findall(r"^  (\w+) ", shown, re.MULTILINE)
    assert [name for name in cli.commands if listed.count(name) != 1] == []
