"""The input of a step with drafts, compared with vLLM's own lists of indices."""

import random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="drafts are made on tensors")

import numpy as np  # noqa: E402

from workers.engines.vllm.plugin import draft_inputs  # noqa: E402
from workers.engines.vllm.plugin.draft_inputs import prepare_input_ids, sources_of  # noqa: E402

PROPOSED = 4


def listed(previous: list[int], counts: list[int], ends: list[int]) -> list[list[int]]:
    """What vLLM 0.25 builds, sequence by sequence."""
    newest: list[int] = []
    rows: list[int] = []
    drafted: list[int] = []
    drafts: list[int] = []
    for row, count, end in zip(previous, counts, ends, strict=True):
        if row >= 0:
            newest.append(end - 1 - count)
            rows.append(row)
            drafted += range(end - count, end)
            drafts += range(row * PROPOSED, row * PROPOSED + count)
    return [newest, rows, drafted, drafts]


@given(
    pages=st.lists(
        st.tuples(st.integers(-1, 9), st.integers(0, PROPOSED), st.integers(1, 20)), max_size=9
    )
)
def test_the_sources_are_those_of_vllm(pages: list[tuple[int, int, int]]) -> None:
    previous = [row for row, _, _ in pages]
    counts = [count if row >= 0 else 0 for row, count, _ in pages]
    ends = np.cumsum([count + more for (_, _, more), count in zip(pages, counts, strict=True)])
    found = sources_of(np.array(previous), np.array(counts, dtype=np.int64), ends, PROPOSED)
    parts = (found.newest, found.rows, found.drafted, found.drafts)
    assert [part.tolist() for part in parts] == listed(previous, counts, ends.tolist())


class Buffer:
    """Input ids on host and device."""

    def __init__(self, host: list[int]) -> None:
        self.host = torch.tensor(host, dtype=torch.int32)
        self.gpu = torch.full((len(host),), -7, dtype=torch.int32)
        self.copied = False

    def copy_to_gpu(self, count: int) -> None:
        self.gpu[:count] = self.host[:count]
        self.copied = True


def runner(pages: list[tuple[str, int]], host: list[int]) -> Any:
    """``pages``: name, and row in the step before, or -1."""
    batch = SimpleNamespace(
        req_ids=[name for name, _ in pages],
        prev_sampled_token_ids=torch.tensor([[50], [51], [52]]),
    )
    rows = SimpleNamespace(np=np.array([row for _, row in pages], dtype=np.int32))
    drafts = torch.arange(100, 112).view(3, PROPOSED)
    return SimpleNamespace(
        input_batch=batch, prev_positions=rows, input_ids=Buffer(host), enable_prompt_embeds=False,
        prev_num_spec_tokens=PROPOSED, _draft_token_ids=drafts,
    )  # fmt: skip


def test_a_step_gets_new_prompts_newest_tokens_and_drafts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft_inputs, "drafter_of", lambda runner: object())
    step = runner([("old", 2), ("new", -1), ("scan", 0)], [0, 0, 0, 7, 8, 0])
    scheduled = SimpleNamespace(scheduled_spec_decode_tokens={"old": [-1, -1]})
    prepare_input_ids(_unexpected)(step, scheduled, 3, 6, np.array([3, 5, 6]))
    assert step.input_ids.gpu.tolist() == [52, 108, 109, 7, 8, 50]


def test_nothing_is_copied_from_the_host_if_all_pages_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(draft_inputs, "drafter_of", lambda runner: object())
    step = runner([("b", 1), ("a", 0)], [0] * 6)
    drafts = {"b": [-1] * 4}
    scheduled = SimpleNamespace(scheduled_spec_decode_tokens=drafts)
    prepare_input_ids(_unexpected)(step, scheduled, 2, 6, np.array([5, 6]))
    assert step.input_ids.gpu.tolist() == [51, 104, 105, 106, 107, 50]
    assert not step.input_ids.copied


def test_engines_without_drafts_use_vllms_own_code() -> None:
    called: list[Any] = []
    step = SimpleNamespace(input_batch=SimpleNamespace(prev_sampled_token_ids=None))
    prepare_input_ids(lambda *args: called.append(args))(step, None, 1, 2, None)
    assert called == [(step, None, 1, 2, None)]


def _unexpected(*_args: Any) -> None:
    raise AssertionError("vLLM's own code is not used")


@pytest.mark.parametrize(("drafts", "own"), [([-1, -1], False), ([], False), ([4, 5], True)])
def test_only_real_tokens_are_written_on_the_host(
    drafts: list[int], *, own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_inputs, "in_pagefleet_engine", lambda: True)
    called: list[Any] = []
    batch = SimpleNamespace(spec_token_ids=[[9, 9]], req_id_to_index={"a": 0})
    request = SimpleNamespace(req_id="a", prev_num_draft_len=random.Random(1).randrange(9))
    update = draft_inputs.update_spec_token_ids(lambda *args: called.append(args))
    update(batch, request, {"a": drafts})
    assert bool(called) == own
    if not own:
        assert request.prev_num_draft_len == len(drafts)
        assert batch.spec_token_ids == [[]]
