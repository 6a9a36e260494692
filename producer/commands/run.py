"""The whole fleet on this machine for one command: start, submit, follow, write, stop."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from producer.commands.cli_options import request_of, settings_of
from producer.connections import Connections
from producer.delivery.outputs import Stems, output_errors
from producer.intake.inputs import Input, expand_inputs
from producer.intake.opener import Intake
from producer.local.conversion import INTAKES, Conversion, Work
from producer.local.embedded_broker import EmbeddedBroker
from producer.local.local_fleet import LocalFleet
from producer.status.waiting import Bars
from producer.submission.request import Request
from shared.config.hardware import local_engine
from shared.config.settings import Settings
from shared.console.entry_point import print_message
from shared.domain.catalogue import engine_facts
from shared.domain.errors import ExitCode

#: How long pages in flight may take after an interrupt.
HASTE_S = 3.0


def run_documents(given: dict[str, Any]) -> int:
    """``pagefleet run``."""
    settings = settings_of(given)
    engine = local_engine() if settings.engine == "auto" else settings.engine
    engine_facts(engine)
    request = request_of(given, settings, engine)
    inputs = expand_inputs(given["inputs"], given["manifest"], settings)
    request.check_all(inputs)
    folder = given["folder"]
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        return _convert(inputs, request, folder, given["as_json"], given["quiet"])
    except KeyboardInterrupt:
        again = "the same command without --force" if request.force else "the same command"
        print_message(f"interrupted; {again} goes on where this one stopped")
        raise


def _convert(
    inputs: Sequence[Input], request: Request, folder: Path, as_json: bool, quiet: bool
) -> ExitCode:
    """Convert every input; the exit status of the gravest."""
    stems = Stems()
    works = [Work(item, stems.take(item.name)) for item in inputs]
    with ExitStack() as stack:
        settings, broker = _broker(request.settings, stack)
        connections = Connections(settings)
        intake = stack.enter_context(Intake(settings, INTAKES))
        fleet = stack.enter_context(LocalFleet(settings, request.engine))
        bars = stack.enter_context(Bars(quiet))
        conversion = Conversion(connections, intake, fleet, broker, bars, request, folder, as_json)
        try:
            return conversion.convert(works)
        except BaseException:
            fleet.stop(HASTE_S)
            raise


def _broker(settings: Settings, stack: ExitStack) -> tuple[Settings, EmbeddedBroker | None]:
    """The settings with a broker: the configured one, or one of this run's own."""
    if settings.redis_url is not None:
        return settings, None
    broker = stack.enter_context(EmbeddedBroker(settings))
    # Other runs share the default store: their open jobs are not ours to take up.
    private = {"redis_url": SecretStr(broker.url), "adopt_open_jobs": False}
    return settings.model_copy(update=private), broker
