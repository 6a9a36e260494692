"""The catalogue has every fact that other code needs about an engine."""

from pkgutil import resolve_name

import click
import pytest
from click.testing import CliRunner

import producer.cli
import workers.cli
from shared.config import hardware
from shared.domain.catalogue import CATALOGUE, EngineFacts, engine_choices
from workers.host.attention import attention_of
from workers.host.cores import rendering_cores

every_engine = pytest.mark.parametrize("name", CATALOGUE)


@every_engine
def test_the_factory_of_an_engine_can_be_imported_without_its_framework(name: str) -> None:
    assert callable(resolve_name(CATALOGUE[name].factory))


@every_engine
def test_every_engine_has_an_estimate_and_a_share_of_the_cores(name: str) -> None:
    assert CATALOGUE[name].pages_per_s > 0
    assert rendering_cores(name) >= 1


@every_engine
def test_every_engine_on_gpus_has_an_attention_backend(name: str) -> None:
    assert (attention_of(name) is not None) == CATALOGUE[name].owns_gpus


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (producer.cli.cli, ["run"]),
        (producer.cli.cli, ["submit"]),
        (producer.cli.cli, ["watch"]),
        (workers.cli.cli, ["start"]),
    ],
)
def test_help_names_every_engine(command: click.Command, words: list[str]) -> None:
    shown = CliRunner().invoke(command, [*words, "--help"])

    assert engine_choices() in " ".join(shown.output.split())


@pytest.mark.parametrize(
    ("packages", "gpu", "engine"),
    [({"vllm"}, True, "vllm"), (set(), True, "cpu"), ({"vllm"}, False, "cpu")],
)
def test_auto_takes_the_first_engine_whose_needs_are_met(
    packages: set[str], gpu: bool, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "has_package", lambda name: name in packages)
    monkeypatch.setattr(hardware, "has_nvidia_device", lambda: gpu)

    assert hardware.local_engine() == engine


def test_a_new_engine_needs_only_four_facts() -> None:
    fake = CATALOGUE["fake"]

    facts = EngineFacts(fake.factory, "m", 1.0, fake.description)

    assert facts.full_model(None) == "m"
    assert not facts.owns_gpus
    assert facts.auto_submit
    assert facts.auto_start is None
