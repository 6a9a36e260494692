"""``pagefleet run``: starts a fleet on this machine, converts documents, stops the fleet."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from producer.commands.cli_options import RunOptions
from producer.connections import Connections
from producer.delivery.export import open_page_files
from producer.delivery.export_packages import check_packages
from producer.delivery.folder_sink import output_errors
from producer.delivery.output_names import OutputNames
from producer.intake.input import Input
from producer.intake.opener import Intake
from producer.local.conversion import INTAKES, Conversion, InputWork, LocalServices
from producer.local.embedded_broker import EmbeddedBroker, use_broker
from producer.local.local_fleet import LocalFleet
from producer.status.progress_bars import Bars
from producer.submission.request import Request
from shared.config.settings import Settings
from shared.console.entry_point import print_message
from shared.domain.errors import ExitCode
from shared.domain.formats.export_formats import ExportChoice

#: Seconds that pages in flight may take after an interrupt.
INTERRUPT_STOP_S = 3.0


def run_documents(options: RunOptions, folder: Path) -> int:
    """Convert documents into ``folder``; returns the worst exit code."""
    choice = options.export_choice()
    check_packages(choice)
    settings = options.settings()
    request = options.request(settings)
    inputs = list(request.checked(options.expanded(settings)))
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    names = OutputNames(folder, choice, overwrite=options.overwrite)
    try:
        return _convert(inputs, request, options, names)
    except KeyboardInterrupt:
        command = "the same command without --force" if request.force else "the same command"
        print_message(f"interrupted; {command} continues where this one stopped")
        raise


def _convert(
    inputs: Sequence[Input], request: Request, options: RunOptions, names: OutputNames
) -> ExitCode:
    works = [InputWork(input_, names.stems.take(input_.name)) for input_ in inputs]
    with ExitStack() as stack:
        stack.callback(names.close)
        bars = stack.enter_context(Bars(options.quiet))
        services = _start_services(request, names.choice, stack)
        conversion = Conversion(
            services, bars, request, names, options.as_json, options.min_quality
        )
        try:
            return conversion.convert(works)
        except BaseException:
            services.fleet.stop(INTERRUPT_STOP_S)
            raise


def _start_services(request: Request, choice: ExportChoice, stack: ExitStack) -> LocalServices:
    settings, broker = _with_broker(request.settings, stack)
    return LocalServices(
        connections=Connections(settings),
        intake=stack.enter_context(Intake(settings, INTAKES)),
        fleet=stack.enter_context(LocalFleet(settings, request.pool().engine)),
        broker=broker,
        page_files=stack.enter_context(open_page_files(settings, choice)),
    )


def _with_broker(settings: Settings, stack: ExitStack) -> tuple[Settings, EmbeddedBroker | None]:
    """The settings with a broker: the configured one, or one that this run starts."""
    if settings.redis_url is not None:
        return settings, None
    broker = stack.enter_context(EmbeddedBroker(settings))
    return use_broker(settings, broker), broker
