"""``submit --dry-run``: counts pages and estimates time and cost; queues nothing."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from producer.commands.outcome_printer import OutcomePrinter
from producer.delivery.outcome import refused
from producer.intake.input import Input
from producer.intake.opener import Intake
from producer.submission.job_spec import opened_spec
from producer.submission.request import Request
from shared.console.printable import json_line, printable
from shared.domain.catalogue import engine_facts
from shared.domain.errors import ExitCode


@dataclass(frozen=True)
class _Estimate:
    """What all documents together take."""

    engines: str
    pages: int
    seconds: float
    price_per_hour: float | None

    @property
    def cost(self) -> float | None:
        """None where no price is set."""
        if self.price_per_hour is None:
            return None
        return self.price_per_hour * self.seconds / 3600


def estimate(intake: Intake, inputs: Iterable[Input], request: Request, as_json: bool) -> ExitCode:
    """Print one line per input and a total; the exit code is the worst of the inputs."""
    printer, pages_of = OutcomePrinter(as_json), Counter[str]()
    for input_ in inputs:
        try:
            engine, pages = _count(intake, input_, request)
        except Exception as error:  # any failure of one input must not stop the others
            printer.print(refused(input_.word, error))
            continue
        pages_of[engine] += pages
        line = {"input": input_.word, "pages": pages}
        text = printable(f"{input_.word}: {pages} pages")
        print(json_line(line) if as_json else text)
    _print_total(_estimated(request, pages_of), as_json)
    return printer.exit_code


def _count(intake: Intake, input_: Input, request: Request) -> tuple[str, int]:
    """The engine and the number of selected pages of a document."""
    with opened_spec(intake, input_, request) as spec:
        return spec.options.engine, len(spec.pages)


def _estimated(request: Request, pages_of: Counter[str]) -> _Estimate:
    """The estimate for all documents; ``pages_of`` counts the pages for each engine."""
    return _Estimate(
        engines=", ".join(pages_of) or request.pool().engine,
        pages=pages_of.total(),
        seconds=sum(count / engine_facts(name).pages_per_s for name, count in pages_of.items()),
        price_per_hour=request.settings.price_per_hour,
    )


def _print_total(total: _Estimate, as_json: bool) -> None:
    facts = {
        "engine": total.engines,
        "pages": total.pages,
        "worker_seconds": round(total.seconds, 1),
        "cost": None if total.cost is None else round(total.cost, 4),
    }
    text = f"total: {total.pages} pages, about {total.seconds:.0f} s of worker time"
    text += f" ({total.engines})"
    if total.cost is not None:
        text += f", about {total.cost:.4f} at {total.price_per_hour} per worker-hour"
    print(json_line(facts) if as_json else printable(text))
