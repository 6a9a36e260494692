"""Measures the published vLLM recipe for DeepSeek-OCR on pages rendered at 144 dpi.

One offline ``LLM.generate`` over all pages with ``NGramPerReqLogitsProcessor`` (30 and 90,
table cells excepted), no prefix caching, no processor cache. Only ``generate`` is timed, as in the
recipe's own figures; the rendering time on one core is reported separately.
"""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import pymupdf
from PIL import Image

from benchmarks.gpu.plan import Plan
from benchmarks.gpu.watch import Watch
from workers.host.cores import usable_cores

DPI = 144
PROMPT = "<image>\n<|grounding|>Convert the document to markdown."
NGRAM = "vllm.model_executor.models.deepseek_ocr:NGramPerReqLogitsProcessor"
NGRAM_SETTINGS = {"ngram_size": 30, "window_size": 90, "whitelist_token_ids": [128821, 128822]}
WARM_PAGES = 8

#: Keeps engines alive, because their shutdown would delay writing the result.
_engines: list[object] = []

#: Reads all images and returns the number of generated tokens.
Generate = Callable[[list[Image.Image]], int]


@dataclass(frozen=True)
class RenderedPage:
    """One page rendered for the recipe."""

    size: tuple[int, int]
    pixels: bytes
    seconds: float

    def image(self) -> Image.Image:
        """The page's picture."""
        return Image.frombytes("RGB", self.size, self.pixels)


def measure(plan: Plan) -> dict[str, Any]:
    """Pages and tokens per second of the recipe."""
    with Watch("recipe", plan.gpus) as watch:
        rendered = render_pages(plan)
        render_s = sum(page.seconds for page in rendered)
        images = [page.image() for page in rendered]
        page_ms = render_s / len(images) * 1000
        watch.say(f"rendered {len(images)} pages, {page_ms:.0f} ms per page and core")
        before = time.monotonic()
        generate = _GENERATORS.get(plan.engine, _stand_in)(plan)
        watch.say(f"loaded in {time.monotonic() - before:.0f} s")
        generate(images[:WARM_PAGES])
        begin = watch.mark()
        tokens = generate(images)
        end = watch.mark()
        seconds, pages = end - begin, len(images)
        watch.say(f"{pages} pages in {seconds:.1f} s, {pages / seconds:.2f} pages/s")
    return {
        "pages": pages,
        "seconds": seconds,
        "pages_per_s": pages / seconds,
        "pages_per_s_with_drawing": pages / (seconds + render_s),
        "tokens_per_s": tokens / seconds,
        "tokens_per_page": tokens / pages,
        "draw_ms": render_s / pages * 1000,
        "ngram": plan.ngram,
        "usage": watch.usage(begin, end).plain(),
    }


def render_pages(plan: Plan) -> list[RenderedPage]:
    """The first ``plan.pages`` pages, in order."""
    with ProcessPoolExecutor(usable_cores(), mp_context=get_context("spawn")) as pool:
        documents = pool.map(_render, plan.documents)
        return [page for document in documents for page in document][: plan.pages]


def _render(path: str) -> list[RenderedPage]:
    rendered = []
    with pymupdf.open(path) as document:
        for page in document:
            started = time.process_time()
            pixmap = page.get_pixmap(dpi=DPI, alpha=False)
            size = (pixmap.width, pixmap.height)
            rendered.append(RenderedPage(size, pixmap.samples, time.process_time() - started))
    return rendered


def _vllm(plan: Plan) -> Generate:
    from vllm import LLM, SamplingParams

    arguments: dict[str, Any] = {
        "model": plan.model,
        "max_model_len": 8192,
        "gpu_memory_utilization": 0.85,
        "mm_processor_cache_gb": 0,
        "enable_prefix_caching": False,
        "limit_mm_per_prompt": {"image": 1},
    }
    if plan.dummy:
        arguments["load_format"] = "dummy"
    if plan.ngram:
        arguments["logits_processors"] = [NGRAM]
    llm = LLM(**{**arguments, **plan.recipe})
    _engines.append(llm)
    sampling = SamplingParams(
        temperature=0.0,
        max_tokens=plan.tokens,
        ignore_eos=plan.dummy,
        skip_special_tokens=False,
        extra_args=NGRAM_SETTINGS if plan.ngram else None,
    )

    def generate(images: list[Image.Image]) -> int:
        prompts = [{"prompt": PROMPT, "multi_modal_data": {"image": image}} for image in images]
        answers = llm.generate(prompts, sampling, use_tqdm=False)
        return sum(len(answer.outputs[0].token_ids) for answer in answers)

    return generate


def _stand_in(plan: Plan) -> Generate:
    """For machines without a GPU: only sleeps, so that the rest of the benchmark can be tested."""
    seconds = plan.settings().fake_latency_ms / 1000

    def generate(images: list[Image.Image]) -> int:
        time.sleep(seconds * len(images))
        return plan.tokens * len(images)

    return generate


_GENERATORS: dict[str, Callable[[Plan], Generate]] = {"vllm": _vllm}
