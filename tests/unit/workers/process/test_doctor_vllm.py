"""The doctor's check of the functions that the vLLM plugin replaces."""

import pytest

from workers.engines.vllm import plugin_check, versions
from workers.engines.vllm.plugin.patches import PATCHES
from workers.engines.vllm.plugin_check import PatchProblem
from workers.process.doctor import _vllm_plugin


@pytest.mark.parametrize(("required", "verdict"), [(True, "error"), (False, "warning")])
def test_a_missing_function_is_named_and_is_an_error_if_it_is_required(
    required: bool, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch = next(patch for patch in PATCHES if patch.required is required)
    problems = [PatchProblem(patch, f"{patch.target} does not exist")]
    monkeypatch.setattr(versions, "version", lambda package: "0.32.0")
    monkeypatch.setattr(plugin_check, "check_patches", lambda version: problems)

    check = _vllm_plugin()

    assert check.verdict == verdict
    assert patch.target in check.found
    assert check.mend


def test_no_problem_is_reported_as_ok(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "version", lambda package: "0.32.0")
    monkeypatch.setattr(plugin_check, "check_patches", lambda version: [])

    assert _vllm_plugin().verdict == "ok"
