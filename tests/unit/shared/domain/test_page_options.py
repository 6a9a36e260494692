"""Every page option reaches settings, command lines, options files and job ids."""

import click
import pytest

import producer.cli
from producer.commands.cli_options import RunOptions, SubmitOptions
from producer.commands.watch_options import WatchOptions
from producer.submission.page_options import page_options
from producer.submission.request import Request
from producer.watching.folder_options import FolderOptions
from shared.config.settings import Settings, load_settings
from shared.domain.job_ids import JobIdentity
from shared.domain.records.options import PageOptions, PageSettings
from shared.domain.tasks import Task
from tests.support.documents.page_options import other_value

OPTIONS: dict[str, type[RunOptions | SubmitOptions | WatchOptions]] = {
    "run": RunOptions,
    "submit": SubmitOptions,
    "watch": WatchOptions,
}
#: Options of a request itself; they are not deployment settings.
OF_A_REQUEST = {"task", "prompt", "query", "pages"}
every_option = pytest.mark.parametrize("name", PageSettings.model_fields)


def test_a_page_option_is_a_setting_or_belongs_to_a_request() -> None:
    options = {*PageSettings.model_fields, *OF_A_REQUEST}

    assert set(PageOptions.model_fields) == {*options, "engine", "model", "revision"}
    assert set(FolderOptions.model_fields) >= options
    assert set(Settings.model_fields) >= set(PageSettings.model_fields)


@every_option
@pytest.mark.parametrize("command", ["run", "submit", "watch"])
def test_a_command_line_sets_the_option_of_a_page(command: str, name: str) -> None:
    parser = producer.cli.cli.commands[command]
    value = other_value(name)
    flag = "--" + name.replace("_", "-")

    words = [flag] if value is True else [flag, str(value)]
    context = parser.make_context(command, ["a.pdf", *words], resilient_parsing=True)

    settings = OPTIONS[command].parse(context.params).settings()
    request = Request(settings.model_copy(update={"engine": "fake"}))
    assert getattr(page_options(request, 1), name) == value


@pytest.mark.parametrize("name", [*sorted(OF_A_REQUEST), "engine", "model", "revision"])
@pytest.mark.parametrize("command", ["run", "submit", "watch"])
def test_a_command_has_a_flag_for_each_option_of_a_request(command: str, name: str) -> None:
    parser = producer.cli.cli.commands[command]

    flags = [flag for each in parser.get_params(click.Context(parser)) for flag in each.opts]

    assert f"--{name}" in flags


@every_option
def test_an_options_file_sets_the_option_of_a_page(name: str) -> None:
    request = Request(load_settings(engine="fake"))

    changed = FolderOptions(**{name: other_value(name)}).apply(request)

    assert getattr(page_options(changed, 1), name) == other_value(name)
    assert FolderOptions(**{name: other_value(name)}).digest() != FolderOptions().digest()


@every_option
def test_a_setting_is_the_default_and_part_of_the_job_id(name: str) -> None:
    plain = PageOptions(engine="fake", model="m")
    changed = plain.model_copy(update={name: other_value(name)})

    assert getattr(Settings(), name) == getattr(plain, name)
    assert JobIdentity("a" * 64, changed).job_id != JobIdentity("a" * 64, plain).job_id


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--max-tiles", "10"], "2<=x<=9"),
        (["--dpi", "20"], "36<=x<=1200"),
        (["--resolution", "huge"], "'gundam'"),
    ],
)
def test_a_flag_refuses_what_the_record_refuses(words: list[str], reason: str) -> None:
    command = producer.cli.cli.commands["submit"]

    with pytest.raises(click.BadParameter, match=reason):
        command.make_context("submit", ["a.pdf", *words])


@pytest.mark.parametrize(
    ("engine", "task", "expected"),
    [
        ("fake", "markdown", "cpu"),
        # The CPU engine is the job's own engine, or can't do the task.
        ("cpu", "markdown", "none"),
        ("fake", "describe", "none"),
    ],
)
def test_a_fallback_that_can_never_read_a_page_is_no_part_of_the_job(
    engine: str, task: str, expected: str
) -> None:
    request = Request(load_settings(engine=engine, fallback="cpu"), task=Task(task))
    plain = page_options(Request(load_settings(engine=engine), task=Task(task)), 1)

    options = page_options(request, 1)

    assert options.fallback == expected
    same = JobIdentity("a" * 64, options).job_id == JobIdentity("a" * 64, plain).job_id
    assert same == (expected == "none")


def test_a_command_line_without_a_fallback_overrides_the_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PAGEFLEET_FALLBACK", "cpu")
    command = producer.cli.cli.commands["submit"]
    context = command.make_context(
        "submit", ["a.pdf", "--fallback", "none"], resilient_parsing=True
    )

    settings = SubmitOptions.parse(context.params).settings()

    assert load_settings().fallback == "cpu"
    assert settings.fallback == "none"
