"""How many drafted tokens real pages accept, without a model: the real matcher on real text layers.

No weights are needed. The answer of a page is taken to be what the cpu engine reads, in the model's
grounded format and tokens. Its characters are mostly those of the text layer, so a model that
misreads or writes differently accepts less; ``REPLACED`` shows how much less.
"""

import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import pymupdf

from benchmarks.gpu.plan import Plan
from shared.domain.records.options import PageOptions
from shared.domain.records.page_result import Block
from workers.engines.deepseek.drafts.budget import DraftBudget
from workers.engines.deepseek.drafts.placeholders import NONE
from workers.engines.deepseek.drafts.reference import Encode, reference_tokens
from workers.engines.registry import make_engine
from workers.pipeline.engine_host import EngineHost
from workers.pipeline.rendering import Renderer

#: Shares of an answer's tokens that are replaced, as by a model that reads differently.
REPLACED = (0.0, 0.01, 0.03, 0.1)
#: The model leaves these out.
_LEFT_OUT = frozenset({"header", "footer", "page_number"})
_CJK = re.compile(r"[\u3040-\u9fff]")
#: A page with at least this share of its text in tables, or in Chinese or Japanese letters.
_MUCH = 0.3
#: A token that stands for one that the text layer does not have.
_OTHER = 100
#: A number of a box differs from the text layer's by at most so much, at random.
_OFF = 3
#: Pages that are replayed together.
_BATCH = 16


@dataclass(frozen=True)
class Sample:
    """One page: its kind, the tokens of its text layer, and those of its answer."""

    kind: str
    reference: list[int]
    answer: list[int]


def measure(plan: Plan) -> dict[str, Any]:
    """Mean new tokens of a step by kind of page and share of replaced tokens."""
    if plan.model is None:
        raise ValueError("the acceptance needs the model's tokenizer")
    samples = list(_samples(plan, _encoder(plan.model)))
    kinds: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        kinds[sample.kind].append(sample)
        kinds["all"].append(sample)
    count = plan.settings().draft_tokens
    found = {kind: _kind(own, count) for kind, own in sorted(kinds.items())}
    for kind, result in found.items():
        print(f"    {kind}: {result}", flush=True)
    return {"pages": len(samples), "drafts": count, "kinds": found}


def _kind(samples: Sequence[Sample], count: int) -> dict[str, Any]:
    means = {str(share): _replay(samples, count, share) for share in REPLACED}
    return {
        "pages": len(samples),
        "tokens_per_page": round(fmean(len(sample.answer) for sample in samples)),
        "with_layer": sum(bool(sample.reference) for sample in samples),
        "tokens_per_step": {share: round(mean.tokens_per_step, 2) for share, mean in means.items()},
        "pages_at_least": _spread(means["0.0"].by_page),
        "steps_by_tokens": dict(sorted(means["0.0"].steps.items())),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    """The value that a share of the pages reaches at least."""
    ordered = sorted(values, reverse=True)
    shares = {"90 %": 0.9, "50 %": 0.5, "10 %": 0.1}
    last = len(ordered) - 1
    return {
        name: round(ordered[min(last, int(share * len(ordered)))], 2)
        for name, share in shares.items()
    }


@dataclass(frozen=True)
class Replay:
    """Answers that were replayed: new tokens a step, and steps by number of new tokens."""

    tokens_per_step: float
    by_page: list[float]
    steps: Mapping[int, int]


def _replay(samples: Sequence[Sample], count: int, share: float) -> Replay:
    by_page: list[float] = []
    steps: Counter[int] = Counter()
    for start in range(0, len(samples), _BATCH):
        batch = [_with_replaced(each, share) for each in samples[start : start + _BATCH]]
        taken = steps_of(batch, count)
        by_page += [sum(own) / len(own) for own in taken]
        steps.update(tokens for own in taken for tokens in own)
    return Replay(sum(n * often for n, often in steps.items()) / steps.total(), by_page, steps)


def _with_replaced(sample: Sample, share: float) -> Sample:
    chance = random.Random(len(sample.answer))
    answer = [_OTHER if chance.random() < share else token for token in sample.answer]
    return Sample(sample.kind, sample.reference, answer)


def steps_of(samples: Sequence[Sample], count: int) -> list[list[int]]:
    """The new tokens of each step of each page, when its answer is replayed with drafts."""
    import torch

    from workers.engines.deepseek.drafts.batch import DraftBatch
    from workers.engines.deepseek.drafts.layout import layout_of
    from workers.engines.deepseek.drafts.tables import Page

    longest = max(len(sample.answer) for sample in samples)
    batch = DraftBatch(len(samples), longest + count, count, "cpu")
    pages = [Page(sample.reference, None, sample.answer) for sample in samples]
    batch.open(range(len(samples)), pages, [()] * len(samples))
    slots = torch.arange(len(samples))
    none, all_kept = torch.full((len(samples),), NONE), torch.zeros(len(samples))
    budgets = [DraftBudget() for _ in samples]
    taken: list[list[int]] = [[] for _ in samples]
    left = [len(sample.answer) for sample in samples]
    drafts: list[list[int]] = [[] for _ in samples]
    while any(tokens > 0 for tokens in left):
        layout = layout_of([len(own) for own in drafts], "cpu")
        drafted = torch.tensor([token for own in drafts for token in (0, *own)])
        best = batch.best_tokens(torch.zeros(len(drafted), 2), drafted, slots, layout, None)
        verified = batch.settle(best, drafted, slots, layout, forced=none, discarded=all_kept)
        new = verified.counts.tolist()
        proposed = batch.propose(slots, longest).tolist()
        for index, (budget, sample) in enumerate(zip(budgets, samples, strict=True)):
            if left[index] > 0:
                budget.observe(new[index])
                taken[index].append(min(new[index], left[index]))
            left[index] -= new[index]
            pays = bool(sample.reference) and budget.drafts and left[index] > 0
            drafts[index] = proposed[index] if pays else []
    return taken


def _encoder(model: str) -> Encode:
    from tokenizers import Tokenizer  # type: ignore[import-not-found,unused-ignore]

    tokenizer = Tokenizer.from_file(str(Path(model) / "tokenizer.json"))

    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)

    return encode


def _samples(plan: Plan, encode: Encode) -> Iterator[Sample]:
    settings = plan.settings(engine="cpu", model=None)
    host = EngineHost(make_engine("cpu", settings))
    options = PageOptions(engine="cpu", model=host.engine.info.model)
    deadline = time.monotonic() + plan.limit_s
    renderer = Renderer(settings, host.engine.capacity)
    try:
        host.start()
        render_plan = host.engine.plan(options)

        def sample(place: tuple[Path, int]) -> Sample | None:
            if time.monotonic() > deadline:
                return None
            path, page = place
            result = renderer.render(path, "pdf", "0" * 64, page, render_plan, options)
            try:
                if result.blank:
                    return None
                reading = host.submit(host.engine.read(result.view)).result()
            finally:
                renderer.discard(result.view)
            layer = result.view.layer
            reference = reference_tokens(layer, encode, grounded=True)
            answer = encode(grounded_answer(reading.blocks))
            return Sample(_kind_of(reading.blocks, bool(reference)), reference, answer)

        with ThreadPoolExecutor(host.engine.capacity) as pool:
            found = pool.map(sample, _places(plan.documents, plan.pages))
            yield from (each for each in found if each is not None and each.answer)
    finally:
        renderer.close()
        host.stop()


def _places(documents: Iterable[str], pages: int) -> list[tuple[Path, int]]:
    places: list[tuple[Path, int]] = []
    for name in documents:
        with pymupdf.open(name) as document:
            places += [(Path(name), page) for page in range(1, document.page_count + 1)]
    return places[:pages]


def grounded_answer(blocks: Iterable[Block]) -> str:
    """``blocks`` as the model writes them: a marker with a box, and the text."""
    return "\n\n".join(_element(block) for block in blocks if block.type not in _LEFT_OUT)


def _element(block: Block) -> str:
    chance = random.Random(block.text)
    box = ", ".join(str(max(0, each + chance.randint(-_OFF, _OFF))) for each in block.bbox)
    marker = f"<|ref|>{block.type}<|/ref|><|det|>[[{box}]]<|/det|>"
    text = "" if block.type == "image" else re.sub(r"<(/?)th\b[^>]*>", r"<\1td>", block.text)
    return f"{marker}\n{text}".rstrip()


def _kind_of(blocks: Sequence[Block], has_layer: bool) -> str:
    texts = Counter[str]()
    for block in blocks:
        texts["table" if block.type == "table" else "text"] += len(block.text)
        texts["cjk"] += len(_CJK.findall(block.text))
    if not has_layer:
        return "scan"
    total = max(1, texts["table"] + texts["text"])
    if texts["cjk"] > _MUCH * total:
        return "chinese"
    return "table" if texts["table"] > _MUCH * total else "article"
