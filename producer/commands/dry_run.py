"""``submit --dry-run``: counts pages and estimates time and cost; queues nothing."""

from producer.delivery.outcome import refused
from producer.intake.input import Input
from producer.intake.opener import Intake
from producer.submission.job_spec import opened_spec
from producer.submission.request import Request
from shared.console.entry_point import print_message
from shared.console.printable import json_line, printable
from shared.domain.catalogue import engine_facts
from shared.domain.errors import ExitCode, gravest


def estimate(intake: Intake, inputs: list[Input], request: Request, as_json: bool) -> ExitCode:
    """Print one line per input and a total; the exit code is the gravest of the inputs."""
    codes, total = list[ExitCode](), 0
    for input_ in inputs:
        try:
            with opened_spec(intake, input_, request) as spec:
                pages = len(spec.pages)
        except Exception as error:  # any failure of one input must not stop the others
            outcome = refused(input_.word, error)
            codes.append(outcome.exit_code)
            if as_json:
                print(outcome.as_json())
            print_message(outcome.as_text())
            continue
        total += pages
        line = {"input": input_.word, "pages": pages}
        text = printable(f"{input_.word}: {pages} pages")
        print(json_line(line) if as_json else text)
    _print_total(request, total, as_json)
    return gravest(codes)


def _print_total(request: Request, pages: int, as_json: bool) -> None:
    price_per_hour = request.settings.price_per_hour
    seconds = pages / engine_facts(request.engine).pages_per_s
    cost = None if price_per_hour is None else price_per_hour * seconds / 3600
    facts = {
        "engine": request.engine,
        "pages": pages,
        "worker_seconds": round(seconds, 1),
        "cost": None if cost is None else round(cost, 4),
    }
    priced = "" if cost is None else f", about {cost:.4f} at {price_per_hour} an hour"
    text = f"total: {pages} pages, about {seconds:.0f} s of one {request.engine} worker{priced}"
    print(json_line(facts) if as_json else printable(text))
