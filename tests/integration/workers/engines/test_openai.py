"""The openai engine: the contract of all engines, its requests, and failures of the server."""

import logging
import re
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from shared.config.settings import Settings, as_environment, build_settings
from shared.domain.errors import (
    EngineFailed,
    EngineUnreachable,
    Repetition,
    Truncated,
    UsageError,
)
from shared.domain.pools import checked_pool
from shared.domain.records.options import PageOptions
from tests.conftest import SettingsFactory
from tests.support.engines.engine_bench import Bench, running
from tests.support.engines.engine_contract import EngineContract, check_failed_start
from tests.support.engines.engine_pages import distinct_pages, picture
from tests.support.fleets import fleet
from tests.support.servers.openai_server import (
    KEY,
    OpenAiServer,
    dropping,
    dying_in_the_stream,
    hanging,
    picture_of,
    prompt_of,
    redirecting,
    refusing,
    replying_compressed,
    replying_in_one_line,
    replying_with_html,
    saying,
    serving,
    spaces,
    streaming_without_end,
)
from workers.engines.openai.engine import PAUSES_S, OpenAiEngine
from workers.engines.openai.page_picture import as_png
from workers.engines.openai.picture_halves import picture_halves
from workers.engines.openai.request import GenerationRequest
from workers.engines.registry import make_engine
from workers.pipeline.rendering import Renderer

LOOP = "the same words again " * 200
LONG = "".join(f"word{number} " for number in range(4000))


def with_short_pauses(settings: Settings) -> OpenAiEngine:
    """The engine with short pauses between its retries; their number is unchanged."""
    model = checked_pool("openai", settings.model).model
    return OpenAiEngine(settings, model, pauses_s=(0.05,) * len(PAUSES_S))


@pytest.fixture(scope="class")
def endpoint() -> Iterator[OpenAiServer]:
    """A server for the tests of a class."""
    with serving() as server:
        server.latency_s = 0.03
        yield server


class TestOpenAi(EngineContract):
    """The contract."""

    name = "openai"

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls, tmp_path_factory: pytest.TempPathFactory, endpoint: OpenAiServer) -> Settings:
        home = tmp_path_factory.mktemp("engine")
        values = {"home": home, "engine": "openai", "engine_url": endpoint.url}
        return build_settings(values)

    def test_pages_are_sent_concurrently(
        self, bench: Bench, pages: Path, endpoint: OpenAiServer
    ) -> None:
        endpoint.most_at_once = 0
        usual, endpoint.latency_s = endpoint.latency_s, 2.0  # long enough for a slow machine
        try:
            bench.read_together(pages, [1, 2, 3, 4])
        finally:
            endpoint.latency_s = usual

        assert endpoint.most_at_once == 4


@cache
def renderer() -> Renderer:
    """One renderer for all engines of this file: the start of its process takes most of a test."""
    return Renderer(build_settings({}), 1)


@pytest.fixture(scope="module", autouse=True)
def _closed_renderer() -> Iterator[None]:
    yield
    renderer().close()
    renderer.cache_clear()


@contextmanager
def connect(
    settings: SettingsFactory, server: OpenAiServer | None = None, **values: Any
) -> Iterator[tuple[Bench, OpenAiServer]]:
    """A running engine and its server."""
    with serving(server) as endpoint:
        engine_settings = settings(engine_url=endpoint.url, **values)
        engine = with_short_pauses(engine_settings)
        with running(engine, engine_settings, renderer()) as bench:
            yield bench, endpoint


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page as an image."""
    return picture(tmp_path / "page.png", 700, 500)


def test_the_prompt_and_the_pixels_are_sent_unchanged(
    settings: SettingsFactory, page: Path
) -> None:
    with connect(settings) as (bench, server):
        bench.read(page)
        bench.read(page, task="locate", query="先天下之忧而忧")
        first, second = server.bodies

    assert prompt_of(first) == "<|grounding|>Convert the document to markdown."
    assert prompt_of(second) == "Locate <|ref|>先天下之忧而忧<|/ref|> in the image."
    assert picture_of(first).size == (700, 500)
    assert picture_of(first).getpixel((0, 0)) == (0, 0, 0)
    assert first["skip_special_tokens"] is False
    assert first["temperature"] == 0
    xargs = {"ngram_size": 30, "window_size": 90, "whitelist_token_ids": [128821, 128822]}
    assert first["vllm_xargs"] == xargs
    assert "mm_processor_kwargs" not in first


def test_max_tokens_is_what_the_context_leaves(settings: SettingsFactory, page: Path) -> None:
    with connect(settings, OpenAiServer(longest=2048)) as (bench, server):
        bench.read(page)
        image_tokens = 273 + 20 * 31  # three by two tiles, and the whole view
        room = server.bodies[0]["max_tokens"]
        with pytest.raises(EngineFailed, match="shorten the prompt"):
            bench.read(page, task="custom", prompt="x" * 1500)

    assert 2048 - image_tokens - 100 < room < 2048 - image_tokens


def test_grounded_text_becomes_blocks_and_token_counts_are_kept(
    settings: SettingsFactory, page: Path
) -> None:
    text = (
        "<|ref|>image<|/ref|><|det|>[[1, 2, 30, 40]]<|/det|>\n"
        "<|ref|>image<|/ref|><|det|>[[5, 6, 70, 80]]<|/det|>\n"
        "<|ref|>text<|/ref|><|det|>[[5, 90, 70, 99]]<|/det|>\nWords ![](figure:9)."
    )
    with connect(settings, OpenAiServer(faults=[saying(text, tokens=42)])) as (bench, _):
        reading = bench.read(page)

    assert re.findall(r"\(figure:(\d)\)", reading.markdown) == ["1", "2"]
    assert [block.type for block in reading.blocks] == ["image", "image", "text"]
    assert (reading.prompt_tokens, reading.output_tokens) == (913, 42)


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_request_to_a_busy_server_is_retried(
    settings: SettingsFactory, page: Path, status: int
) -> None:
    faults = [refusing(status, **{"Retry-After": "0.01"})] * 3
    with connect(settings, OpenAiServer(faults=faults)) as (bench, server):
        assert bench.read(page).markdown.startswith("# Picture")

        assert len(server.bodies) == 4


def test_a_server_that_stays_busy_is_a_transient_error(
    settings: SettingsFactory, page: Path
) -> None:
    faults = [refusing(503, "overloaded")] * 50
    with (
        connect(settings, OpenAiServer(faults=faults)) as (bench, _),
        pytest.raises(EngineUnreachable, match="503: overloaded"),
    ):
        bench.read(page)


def test_a_request_whose_connection_is_dropped_is_retried(
    settings: SettingsFactory, page: Path
) -> None:
    with connect(settings, OpenAiServer(faults=[dropping, dropping])) as (bench, server):
        assert bench.read(page).markdown.startswith("# Picture")

        assert len(server.bodies) == 3


def test_an_unreachable_server_is_a_transient_error(settings: SettingsFactory, page: Path) -> None:
    with serving() as server:
        engine_settings = settings(engine_url=server.url)
        engine = with_short_pauses(engine_settings)
        with running(engine, engine_settings, renderer()) as bench, bench.view(page) as view:
            server.stop()
            with pytest.raises(EngineUnreachable, match="can't be reached"):
                bench.begin(view).result(60)


def test_an_error_of_a_healthy_server_is_an_error_of_the_page(
    settings: SettingsFactory, page: Path
) -> None:
    with (
        connect(settings, OpenAiServer(faults=[refusing(500, "illegal access")])) as (
            bench,
            _,
        ),
        pytest.raises(EngineFailed, match="500: illegal access"),
    ):
        bench.read(page)


def test_an_error_of_a_server_whose_engine_died_is_a_transient_error(
    settings: SettingsFactory, page: Path
) -> None:
    faults = [refusing(500, "EngineCore died")] * 50
    with (
        connect(settings, OpenAiServer(faults=faults, healthy=False)) as (bench, _),
        pytest.raises(EngineUnreachable, match="engine died"),
    ):
        bench.read(page)


def test_a_prompt_that_the_server_refuses_is_an_error_of_the_page(
    settings: SettingsFactory, page: Path
) -> None:
    message = "This model's maximum context length is 8192 tokens."
    with (
        connect(settings, OpenAiServer(faults=[refusing(400, message)])) as (
            bench,
            server,
        ),
        pytest.raises(EngineFailed, match="maximum context length"),
    ):
        bench.read(page)
    assert len(server.bodies) == 1


def test_a_reply_of_a_proxy_is_a_transient_error(settings: SettingsFactory, page: Path) -> None:
    with (
        connect(settings, OpenAiServer(faults=[replying_with_html] * 50)) as (bench, _),
        pytest.raises(EngineUnreachable, match="not that of an OpenAI-compatible API"),
    ):
        bench.read(page)


def test_a_page_that_takes_too_long_on_a_healthy_server_fails(
    settings: SettingsFactory, page: Path
) -> None:
    server = OpenAiServer(faults=[hanging])
    with (
        connect(settings, server, engine_timeout_s=0.5) as (bench, _),
        pytest.raises(EngineFailed, match=r"within 0\.5 s"),
    ):
        bench.read(page)


def test_cancelling_a_page_closes_its_connection(settings: SettingsFactory, page: Path) -> None:
    with connect(settings, OpenAiServer(faults=[hanging])) as (bench, server):
        with bench.view(page) as view:
            future = bench.begin(view)
            fleet.wait_until(lambda: server.bodies, 20)
            future.cancel()
            with pytest.raises(CancelledError):
                future.result(20)

        fleet.wait_until(lambda: server.abandoned, 20)


def test_a_loop_is_retried_with_each_sampling_step(settings: SettingsFactory, page: Path) -> None:
    faults = [saying(LOOP, "length"), saying(LOOP, "repetition")]
    with connect(settings, OpenAiServer(faults=faults)) as (bench, server):
        reading = bench.read(page)
        steps = [(b["vllm_xargs"]["window_size"], b["temperature"]) for b in server.bodies]

    assert reading.finish_reason == "stop after temperature"
    assert steps == [(90, 0), (1024, 0), (1024, 0.3)]


def test_a_page_that_always_loops_fails_as_repetition_after_five_requests(
    settings: SettingsFactory, page: Path
) -> None:
    with connect(settings, OpenAiServer(faults=[saying(LOOP, "length")] * 50)) as (
        bench,
        server,
    ):
        with pytest.raises(Repetition):
            bench.read(page)

        assert len(server.bodies) == 5


def test_a_page_with_too_much_text_is_read_in_halves(settings: SettingsFactory, page: Path) -> None:
    with connect(settings, OpenAiServer(faults=[saying(LONG, "length")])) as (
        bench,
        server,
    ):
        reading = bench.read(page)
        heights = [picture_of(body).size[1] for body in server.bodies]

    assert reading.finish_reason == "stop after halves"
    assert reading.markdown.count("# Picture") == 2
    assert heights[0] == 500 == heights[1] + heights[2]


def test_a_page_that_is_too_long_even_in_halves_fails_as_truncated(
    settings: SettingsFactory, page: Path
) -> None:
    with (
        connect(settings, OpenAiServer(faults=[saying(LONG, "length")] * 50)) as (
            bench,
            _,
        ),
        pytest.raises(Truncated),
    ):
        bench.read(page)


@pytest.mark.parametrize(("height", "halves"), [(1, 0), (2, 2), (500, 2)])
def test_a_page_of_a_single_row_has_no_halves(height: int, halves: int) -> None:
    image = Image.new("RGB", (64, height), "black")
    request = GenerationRequest(
        PageOptions(engine="openai", model="m"), as_png(image), image.size, "ocr"
    )

    heights = [half.request.size[1] for half in picture_halves(request)]

    assert len(heights) == halves
    assert sum(heights) in (0, height)


def test_a_redirect_leads_the_page_nowhere(settings: SettingsFactory, page: Path) -> None:
    with serving() as internal:
        faults = [redirecting(f"{internal.url}/v1/chat/completions")] * 50
        with (
            connect(settings, OpenAiServer(faults=faults)) as (bench, _),
            pytest.raises(EngineUnreachable, match="redirects are not followed"),
        ):
            bench.read(page)
        assert internal.bodies == []


def test_a_compressed_answer_is_not_unpacked(settings: SettingsFactory, page: Path) -> None:
    spaces()  # not while memory is counted
    with connect(settings, OpenAiServer(faults=[replying_compressed] * 50)) as (bench, _):
        tracemalloc.start()
        with pytest.raises(EngineUnreachable, match="not that of an OpenAI-compatible API"):
            bench.read(page)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 60_000_000


@pytest.mark.parametrize("tokens", [-5, 10**400])
def test_a_count_of_tokens_that_can_not_be_is_a_count_that_metrics_can_hold(
    settings: SettingsFactory, page: Path, tokens: int
) -> None:
    with connect(settings, OpenAiServer(faults=[saying("Text", tokens=tokens)])) as (bench, _):
        reading = bench.read(page)

    assert 0 <= reading.output_tokens < 2**31


def test_a_stream_with_an_endless_line_is_an_error(settings: SettingsFactory, page: Path) -> None:
    with (
        connect(settings, OpenAiServer(faults=[replying_in_one_line])) as (bench, _),
        pytest.raises(EngineUnreachable, match="LineTooLong"),
    ):
        bench.stream(page)


def test_a_stream_without_an_end_is_an_error(settings: SettingsFactory, page: Path) -> None:
    with (
        connect(settings, OpenAiServer(faults=[streaming_without_end])) as (bench, _),
        pytest.raises(EngineFailed, match="larger than 8388608 bytes"),
    ):
        bench.stream(page)


def test_a_stream_that_breaks_off_is_an_error(settings: SettingsFactory, page: Path) -> None:
    with (
        connect(settings, OpenAiServer(faults=[dying_in_the_stream])) as (bench, _),
        pytest.raises(EngineUnreachable),
    ):
        bench.stream(page)


def test_a_stream_comes_in_pieces(settings: SettingsFactory, page: Path) -> None:
    with connect(settings, OpenAiServer(text="One piece after the other.")) as (
        bench,
        _,
    ):
        pieces = bench.stream(page)

    assert len(pieces) > 2
    assert "".join(pieces) == "One piece after the other."


def test_other_modes_need_a_server_that_supports_them(
    settings: SettingsFactory, page: Path
) -> None:
    with (
        connect(settings) as (bench, _),
        pytest.raises(EngineFailed, match="engine_server_modes"),
    ):
        bench.read(page, resolution="tiny")
    with connect(settings, engine_server_modes=True) as (bench, server):
        bench.read(page, resolution="tiny")
        bench.read(page, crop_mode="none")
        modes = [body["mm_processor_kwargs"] for body in server.bodies]

    assert [(one["base_size"], one["crop_mode"]) for one in modes] == [(512, False), (1024, False)]


def test_the_key_is_sent_to_the_server_and_appears_in_no_log_or_error(
    settings: SettingsFactory, page: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with connect(settings, OpenAiServer(key=KEY), engine_api_key=KEY) as (bench, server):
        server.faults.extend([refusing(429), refusing(400)])
        with pytest.raises(EngineFailed) as failed:
            bench.read(page)
        engine_settings = settings(engine_api_key=KEY)

    assert KEY not in caplog.text + str(failed.value) + repr(engine_settings)
    assert as_environment(engine_settings)["PAGEFLEET_ENGINE_API_KEY"] == KEY


def test_a_missing_key_is_reported_at_the_start(settings: SettingsFactory) -> None:
    with serving(OpenAiServer(key=KEY)) as server:
        engine_settings = settings(engine_url=server.url)
        message = check_failed_start(with_short_pauses(engine_settings))

    assert "PAGEFLEET_ENGINE_API_KEY" in message


def test_another_model_is_reported_at_the_start(settings: SettingsFactory) -> None:
    with serving(OpenAiServer(model="other/Model")) as server:
        message = check_failed_start(with_short_pauses(settings(engine_url=server.url)))

    assert "other/Model" in message
    assert "--model" in message


def test_a_missing_server_is_reported_at_the_start(settings: SettingsFactory) -> None:
    with serving() as server:
        url = server.url
    message = check_failed_start(with_short_pauses(settings(engine_url=url)))

    assert "--engine-url" in message


@pytest.mark.parametrize(
    "url", [None, "localhost:8000", "ftp://host", "http://", "http://user:pw@host:80"]
)
def test_an_invalid_address_is_refused_at_once(settings: SettingsFactory, url: str | None) -> None:
    with pytest.raises(UsageError) as refused:
        make_engine("openai", settings(engine_url=url))

    assert "pw" not in refused.value.message or "password" in refused.value.message


def test_a_fleet_converts_a_document_with_the_server(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    document = distinct_pages(tmp_path / "pages.pdf")
    with serving(OpenAiServer(key=KEY, faults=[refusing(503), dropping])) as server:
        engine_settings = settings(engine="openai", engine_url=server.url, engine_api_key=KEY)
        ended = fleet.pagefleet(
            engine_settings, "run", str(document), "-o", str(tmp_path / "out"), "--json"
        )

    assert ended.status == 0, ended.err
    assert ended.lines[0]["counts"] == {"ok": 6, "blank": 0, "failed": 0}
    assert (tmp_path / "out" / "pages.md").read_text().count("# Picture") == 6
    logs = "".join(log.read_text() for log in (engine_settings.home / "logs").iterdir())
    assert KEY not in logs + ended.err
