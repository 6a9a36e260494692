"""Everything of a pinned model is loaded from its revision; the library itself is not needed."""

import sys
from unittest.mock import MagicMock

import pytest

from workers.engines.transformers.loading import load


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """Stands in for transformers, with a checkpoint that lacks nothing."""
    library, torch = MagicMock(), MagicMock()
    torch.cuda.is_available.return_value = False
    config = {"architectures": ["UnlimitedOcrForConditionalGeneration"]}
    library.PretrainedConfig.get_config_dict.return_value = (config, {})
    loading: dict[str, list[str]] = {"missing_keys": [], "mismatched_keys": []}
    weights = library.UnlimitedOcrForConditionalGeneration
    weights.from_pretrained.return_value = (MagicMock(), loading)
    modules = {"torch": torch, "transformers": library, "transformers.utils": library.utils}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return library


def test_configuration_weights_and_tokenizer_come_from_the_revision(library: MagicMock) -> None:
    load("owner/model", 100, "v1")

    calls = [
        library.PretrainedConfig.get_config_dict.call_args,
        library.UnlimitedOcrForConditionalGeneration.from_pretrained.call_args,
        library.AutoTokenizer.from_pretrained.call_args,
    ]
    asked = [(call.args[0], call.kwargs["revision"]) for call in calls]
    assert asked == [("owner/model", "v1")] * 3
