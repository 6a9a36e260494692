"""Pool ids: the engine's name for its default model, a safe and distinct id for all others."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.catalogue import CATALOGUE
from shared.domain.pools import POOL_ID_PATTERN, Pool, engine_of


@pytest.mark.parametrize("engine", list(CATALOGUE))
def test_the_default_model_keeps_the_name_of_its_engine(engine: str) -> None:
    assert Pool(engine, CATALOGUE[engine].default_model).id == engine
    assert "-" not in engine


def test_another_model_gets_a_readable_id() -> None:
    identifier = Pool("vllm", "deepseek-ai/DeepSeek-OCR-2").id
    assert identifier == "vllm-deepseek-ocr-2-5866a988c6"
    assert engine_of(identifier) == "vllm"


def test_a_revision_makes_another_pool_of_the_default_model() -> None:
    model = CATALOGUE["vllm"].default_model
    assert Pool("vllm", model, "v1").id not in ("vllm", Pool("vllm", model, "v2").id)


def test_similar_names_do_not_share_a_pool() -> None:
    names = ["a/Model.1", "a/model-1", "b/model-1", "model-1", "model_1", "x" * 90, "x" * 91]
    assert len({Pool("openai", name).id for name in names}) == len(names)


@given(model=st.text(min_size=1), revision=st.none() | st.text(min_size=1))
def test_every_id_is_safe_in_names_of_queues(model: str, revision: str | None) -> None:
    identifier = Pool("transformers", model, revision).id
    assert re.fullmatch(POOL_ID_PATTERN, identifier)
    assert engine_of(identifier) == "transformers"
