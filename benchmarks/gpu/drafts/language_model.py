"""Measures decoding alone: the language model without images, plain or with drafts.

    python -m benchmarks.gpu.drafts.language_model --model DIR
    python -m benchmarks.gpu.drafts.language_model --model DIR --drafts 8 --replaced 0.155

Prompts are random tokens, as many as the gundam mode makes of a page. With drafts, the answers are
random tokens too and are replayed; the draft text is the answer with a share of its tokens
replaced, so the share decides how many drafts are accepted. The no-repeat rule is on in both cases.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from array import array
from pathlib import Path
from typing import Any

from benchmarks.gpu.distribution import is_installed, write_metadata
from workers.engines.deepseek.drafts.request import REFERENCE, REPLAY
from workers.engines.deepseek.prompt.token_ids import CELL_IDS
from workers.engines.vllm.arguments import drafting_arguments, drafting_step_tokens
from workers.engines.vllm.crash_report import CrashReport
from workers.engines.vllm.plugin.process_guard import CRASH_REPORT_KEY

PROMPT = 911
#: Random tokens are taken from these ids.
FIRST, LAST = 100, 100_000
#: A token that stands for a replaced one.
OTHER = 7
STEP_TOKENS = 8192


def main() -> None:
    """Print pages and tokens per second."""
    options = _arguments()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with tempfile.TemporaryDirectory() as folder:
        if not is_installed():
            metadata = str(write_metadata(Path(folder)))
            sys.path.insert(0, metadata)
            os.environ["PYTHONPATH"] = ":".join((metadata, os.environ.get("PYTHONPATH", "")))
        report = CrashReport(Path(folder) / "report")
        report.begin()
        _measure(options, report)


def _measure(options: argparse.Namespace, report: CrashReport) -> None:
    from vllm import LLM

    model = LLM(**_engine(options, report))
    chance = random.Random(1)
    prompts = [{"prompt_token_ids": _tokens(chance, PROMPT)} for _ in range(options.pages)]
    params = [_params(options, chance) for _ in prompts]
    model.generate(prompts[:8], params[:8], use_tqdm=False)
    for _ in range(options.rounds):
        begin = time.monotonic()
        outputs = model.generate(prompts, params, use_tqdm=False)
        seconds = time.monotonic() - begin
        tokens = sum(len(output.outputs[0].token_ids) for output in outputs)
        print(
            f"{options.pages} pages in {seconds:.1f} s, {options.pages / seconds:.2f} pages/s, "
            f"{tokens / seconds:.0f} tokens/s",
            flush=True,
        )


def _engine(options: argparse.Namespace, report: CrashReport) -> dict[str, Any]:
    more: dict[str, Any] = {
        "logits_processors": ["workers.engines.vllm.plugin.no_repeat_v1:NoRepeatNGram"]
    }
    step_tokens = drafting_step_tokens(STEP_TOKENS, options.drafts, options.batch)
    if options.drafts:
        more = drafting_arguments(options.drafts, options.batch, step_tokens)
    return {
        "model": options.model,
        "load_format": "dummy",
        "dtype": "bfloat16",
        "max_model_len": 8192,
        "gpu_memory_utilization": 0.85,
        "mm_processor_cache_gb": 0,
        "enable_prefix_caching": False,
        "limit_mm_per_prompt": {"image": 0},
        "max_num_seqs": options.batch,
        "max_num_batched_tokens": step_tokens,
        "distributed_executor_backend": "mp",
        "worker_extension_cls": "workers.engines.vllm.plugin.register.WorkerExtension",
        "additional_config": {CRASH_REPORT_KEY: str(report.path)},
        **more,
        **options.engine,
    }


def _params(options: argparse.Namespace, chance: random.Random) -> Any:
    from vllm import SamplingParams

    extra = {"ngram_size": 30, "window_size": 90, "whitelist_token_ids": list(CELL_IDS)}
    if options.drafts:
        answer = _tokens(chance, options.tokens)
        known = [OTHER if chance.random() < options.replaced else token for token in answer]
        extra |= {
            REPLAY: array("i", answer).tobytes(),
            REFERENCE: array("i", known).tobytes(),
        }
    return SamplingParams(
        temperature=0.0,
        max_tokens=options.tokens,
        ignore_eos=True,
        detokenize=False,
        extra_args=extra,
    )


def _tokens(chance: random.Random, count: int) -> list[int]:
    return [chance.randrange(FIRST, LAST) for _ in range(count)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu.drafts.language_model",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", required=True, help="a checkpoint folder; needs no weights")
    parser.add_argument("--pages", type=int, default=768)
    parser.add_argument("--batch", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=2, help="the first one compiles kernels")
    parser.add_argument("--tokens", type=int, default=700, help="output tokens per page")
    parser.add_argument("--drafts", type=int, default=0, help="drafts of a page at each step")
    parser.add_argument("--engine", type=json.loads, default={}, help="vLLM's arguments as JSON")
    parser.add_argument("--replaced", type=float, default=0.155, help="share of wrong tokens")
    return parser.parse_args()


if __name__ == "__main__":
    main()
