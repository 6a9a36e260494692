"""Every option of a command has a field of the same name in the command's options."""

from dataclasses import fields

import click
import pytest

from producer.cli import convert_commands, result_commands
from producer.commands.cli_options import FetchOptions, RunOptions, SubmitOptions
from producer.commands.watch_options import WatchOptions
from producer.watching.triggers.registry import trigger_options
from shared.domain.records.options import PageOptions, RenderOptions

OPTIONS = [
    (convert_commands.run, RunOptions),
    (convert_commands.submit, SubmitOptions),
    (convert_commands.watch, WatchOptions),
    (result_commands.fetch, FetchOptions),
]


@pytest.mark.parametrize(("command", "options"), OPTIONS)
def test_options_have_the_fields_that_click_parses(command: click.Command, options: type) -> None:
    parsed = {parameter.name for parameter in command.params}
    parsed -= {option.name for option in trigger_options()}

    names = {field.name for field in fields(options)}
    assert names - {"page_settings", "trigger_options"} == parsed


@pytest.mark.parametrize("command", [command for command, _ in OPTIONS[:3]])
def test_every_page_and_render_option_can_be_set_on_the_command_line(
    command: click.Command,
) -> None:
    names = {parameter.name for parameter in command.get_params(click.Context(command))}

    assert PageOptions.model_fields.keys() <= names
    assert RenderOptions.model_fields.keys() <= names
