"""Compares the kernels of drafts with the tensor operations: results, and time on a GPU and host.

    python -m benchmarks.gpu.drafts.verification
    TRITON_INTERPRET=1 python -m benchmarks.gpu.drafts.verification --device cpu --pages 3 --steps 2
        --vocabulary 200

Pages have random texts, answers and rules; a third of them has no drafts in a step, and about 70 %
of the drafted tokens are the most probable ones. The first steps compile the kernels and are not
timed.
"""

import argparse
import random
import time
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import torch

from workers.engines.deepseek.drafts import kernels, tensor_operations
from workers.engines.deepseek.drafts.batch import DraftBatch
from workers.engines.deepseek.drafts.layout import layout_of
from workers.engines.deepseek.drafts.placeholders import NONE
from workers.engines.deepseek.drafts.tables import Page
from workers.engines.deepseek.no_repeat.banned_tokens import span_of
from workers.engines.deepseek.no_repeat.rule import Rule

DRAFTS, LONGEST, WINDOW = 8, 2048, 1024
RULES = (Rule(30, 90), Rule(4, 40, (5,)), None)
#: Steps before the first one that is timed.
WARM_STEPS = 3


@dataclass
class Way:
    """One implementation and its times."""

    batch: DraftBatch
    host_s: list[float] = field(default_factory=list)
    device_s: list[float] = field(default_factory=list)

    def step(self, drafts: list[list[int]], logits: Any) -> list[Any]:
        """All results of one step; notes the time of the host, and until the device is done."""
        device = logits.device
        layout = layout_of([len(own) for own in drafts], device)
        drafted = torch.tensor([t for own in drafts for t in (0, *own)], dtype=torch.int32)
        drafted, slots = drafted.to(device), torch.arange(len(drafts), device=device)
        forced = torch.full((len(drafts),), NONE, dtype=torch.int32, device=device)
        kept = torch.zeros(len(drafts), dtype=torch.bool, device=device)
        span = span_of(rule for rule in RULES if rule is not None)
        _wait(device)
        begin = time.perf_counter()
        best = self.batch.best_tokens(logits, drafted, slots, layout, span)
        found = self.batch.settle(best, drafted, slots, layout, forced=forced, discarded=kept)
        proposed = self.batch.propose(slots, WINDOW)
        self.host_s.append(time.perf_counter() - begin)
        _wait(device)
        self.device_s.append(time.perf_counter() - begin)
        return [logits, best, found.tokens, found.counts, found.newest, proposed]


def main() -> None:
    """Print the differences of each step, and the mean times."""
    options = _arguments()
    chance = random.Random(3)
    ways = [_way(module, options, random.Random(4)) for module in (tensor_operations, kernels)]
    proposed = [[0] * DRAFTS for _ in range(options.pages)]
    for number in range(WARM_STEPS + options.steps):
        drafts = [own[: chance.choice((0, DRAFTS, DRAFTS))] for own in proposed]
        logits = _logits(drafts, options)
        found = [way.step(drafts, logits.clone()) for way in ways]
        differences = [int((a != b).sum()) for a, b in zip(*found, strict=True)]
        print(f"step {number}: {sum(differences)} different values", flush=True)
        proposed = found[0][-1].tolist()
    for name, way in zip(("tensor operations", "kernels"), ways, strict=True):
        host, device = _milliseconds(way.host_s), _milliseconds(way.device_s)
        print(f"{name}: host {host:.2f} ms, until the device is done {device:.2f} ms")


def _way(module: ModuleType, options: argparse.Namespace, chance: random.Random) -> Way:
    batch = DraftBatch(options.pages, LONGEST, DRAFTS, options.device, module)

    def tokens(most: int) -> list[int]:
        return [chance.randrange(100, 130) for _ in range(chance.randrange(most))]

    pages = [Page(tokens(1500), RULES[index % len(RULES)]) for index in range(options.pages)]
    batch.open(range(options.pages), pages, [tokens(700) for _ in pages])
    return Way(batch)


def _logits(drafts: list[list[int]], options: argparse.Namespace) -> Any:
    """Random logits, of which about 70 % agree with the drafted token."""
    following = torch.tensor([t for own in drafts for t in (*own, 0)], device=options.device)
    logits = torch.randn(len(following), options.vocabulary, device=options.device)
    agree = torch.rand(len(following), device=options.device) < 0.7
    logits[agree, following[agree]] = 20
    return logits.bfloat16()


def _wait(device: Any) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def _milliseconds(seconds: list[float]) -> float:
    timed = seconds[WARM_STEPS:]
    return 1000 * sum(timed) / len(timed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu.drafts.verification",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--pages", type=int, default=384)
    parser.add_argument("--steps", type=int, default=9)
    parser.add_argument("--vocabulary", type=int, default=129_280)
    return parser.parse_args()


if __name__ == "__main__":
    main()
