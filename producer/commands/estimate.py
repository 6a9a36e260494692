"""``submit --dry-run``: pages, time and cost before anything is queued."""

import json

from producer.delivery.outcome import refused
from producer.intake.inputs import Input
from producer.intake.opener import Intake
from producer.submission.request import Request
from shared.config.settings import Settings
from shared.console.entry_point import print_message
from shared.console.printable import printable
from shared.domain.catalogue import engine_facts
from shared.domain.errors import ExitCode, gravest
from shared.domain.page_ranges import count, parse_ranges


def estimate(
    intake: Intake, inputs: list[Input], request: Request, settings: Settings, as_json: bool
) -> int:
    """Print one line per input and the sum; nothing is stored or queued."""
    codes, total = list[ExitCode](), 0
    for item in inputs:
        try:
            pages = _pages(intake, item, request)
        except Exception as error:  # one input must not stop the others, whatever it is
            told = refused(item.word, error)
            codes.append(told.exit_code)
            if as_json:
                print(told.as_json())
            print_message(told.as_text())
            continue
        total += pages
        line = {"input": item.word, "pages": pages}
        text = f"{printable(item.word)}: {pages} pages"
        print(json.dumps(line, ensure_ascii=False) if as_json else text)
    _print_sum(request, settings, total, as_json)
    return gravest(codes)


def _pages(intake: Intake, item: Input, request: Request) -> int:
    if item.problem is not None:
        raise item.problem
    asked = request.for_document(item.overrides)
    with intake.opened(item, asked.password) as opened:
        pages = opened.inspection.page_count
        options = asked.page_options(pages)
    return pages if options.pages is None else count(parse_ranges(options.pages, pages))


def _print_sum(request: Request, settings: Settings, total: int, as_json: bool) -> None:
    seconds = total / engine_facts(request.engine).pages_per_s
    cost = None if settings.price_per_hour is None else settings.price_per_hour * seconds / 3600
    facts = {
        "engine": request.engine,
        "pages": total,
        "worker_seconds": round(seconds, 1),
        "cost": None if cost is None else round(cost, 4),
    }
    priced = "" if cost is None else f", about {cost:.4f} at {settings.price_per_hour} an hour"
    text = f"total: {total} pages, about {seconds:.0f} s of one {request.engine} worker{priced}"
    print(json.dumps(facts) if as_json else text)
