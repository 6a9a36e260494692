"""A page costs the CPU engine a bounded amount of words, time and memory."""

import json
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from shared.domain.errors import EngineFailed, EngineTimeout
from tests.conftest import SettingsFactory
from tests.support.engines.cpu_reader import HALF, CpuReader, cpu_reader, picture_of, typed_page
from tests.support.fleets.fleet import in_process
from workers.engines.cpu.engine import MODELS_MB, CpuEngine
from workers.engines.cpu.text_layer.raw_lines import MOST_WORDS


def page_of_words(path: Path, words: int) -> Path:
    """A page with this many tiny words in lines of 200."""
    with pymupdf.open() as document:
        page = document.new_page(width=595, height=842)
        text = "\n".join(" ".join(["ab"] * 200) for _ in range(words // 200))
        page.insert_text((20, 20), text, fontsize=1.4, lineheight=1.0)
        document.save(path, deflate=True)
    return path


@pytest.mark.parametrize("policy", ["auto", "always"])
def test_a_page_with_too_many_words_fails_in_words(
    cpu: CpuReader, tmp_path: Path, policy: str
) -> None:
    page = page_of_words(tmp_path / "dense.pdf", 40_000)

    with pytest.raises(EngineFailed, match=f"40000 words .*, more than the {MOST_WORDS}"):
        cpu.read(page, text_layer=policy)


def test_a_time_out_is_final_after_one_more_try(settings: SettingsFactory, tmp_path: Path) -> None:
    page = typed_page(tmp_path / "a.pdf", "some words")
    config = settings(engine="cpu", engine_timeout_s=0.01, max_attempts=5, num_workers=1)
    out = tmp_path / "out"

    ended = in_process(config, "run", str(page), "-o", str(out))

    assert ended.status == 3
    (failed,) = (config.home / "store").glob("jobs/*/pages/*.failed.json")
    record = json.loads(failed.read_text())
    assert (record["attempts"], record["error"]["code"]) == (2, "engine_failed")
    assert "took longer than 0.01 s" in record["error"]["message"]


def test_a_time_out_is_an_engine_failure() -> None:
    assert EngineTimeout.code == EngineFailed.code


def test_reading_processes_obey_the_memory_setting_and_have_room_for_the_models(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    typed = typed_page(tmp_path / "a.pdf", "A short line of text, 42 m.", height=HALF)
    page = picture_of(typed, tmp_path / "a.png")
    with cpu_reader(tmp_path / "home", page_memory_mb=512) as reader:
        assert "short line of text" in reader.read(page).markdown
        assert reader.engine.memory_limit_mb == MODELS_MB + 512
    assert CpuEngine(settings(), "ppocrv6-small").memory_limit_mb == 6144


@pytest.mark.parametrize(("width", "height"), [(1, 3000), (3000, 1)])
def test_a_strip_of_one_pixel_is_read_within_the_memory_limit(
    cpu: CpuReader, tmp_path: Path, width: int, height: int
) -> None:
    """Detection enlarges the short side, so a strip needed gigabytes and killed its process."""
    strip = tmp_path / "strip.png"
    Image.effect_noise((width, height), 100).save(strip)

    assert cpu.read(strip).markdown == ""
