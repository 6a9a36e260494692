"""``submit --dry-run``: counts pages and estimates time and cost; queues nothing."""

from collections import Counter

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
    codes, pages_of = list[ExitCode](), Counter[str]()
    for input_ in inputs:
        try:
            with opened_spec(intake, input_, request) as spec:
                engine, pages = spec.options.engine, len(spec.pages)
        except Exception as error:  # any failure of one input must not stop the others
            outcome = refused(input_.word, error)
            codes.append(outcome.exit_code)
            if as_json:
                print(outcome.as_json())
            print_message(outcome.as_text())
            continue
        pages_of[engine] += pages
        line = {"input": input_.word, "pages": pages}
        text = printable(f"{input_.word}: {pages} pages")
        print(json_line(line) if as_json else text)
    _print_total(request, pages_of, as_json)
    return gravest(codes)


def _print_total(request: Request, pages_of: Counter[str], as_json: bool) -> None:
    """The sum for all documents; ``pages_of`` counts the pages for each engine."""
    price_per_hour = request.settings.price_per_hour
    pages, engines = pages_of.total(), ", ".join(pages_of) or request.pool().engine
    seconds = sum(count / engine_facts(name).pages_per_s for name, count in pages_of.items())
    cost = None if price_per_hour is None else price_per_hour * seconds / 3600
    facts = {
        "engine": engines,
        "pages": pages,
        "worker_seconds": round(seconds, 1),
        "cost": None if cost is None else round(cost, 4),
    }
    priced = "" if cost is None else f", about {cost:.4f} at {price_per_hour} an hour"
    text = f"total: {pages} pages, about {seconds:.0f} s of one {engines} worker{priced}"
    print(json_line(facts) if as_json else printable(text))
