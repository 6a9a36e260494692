"""``pagefleet submit --collection`` is killed and continues where it stopped."""

import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from producer.corpora.collection_index import CollectionIndex
from producer.corpora.submitted import Submitted
from producer.status import progress_bars
from producer.submission.submitter import Submitter
from shared.config.settings import Settings
from shared.domain.collections.names import members_prefix
from shared.domain.collections.records import Member
from shared.domain.errors import BrokerUnreachable
from shared.jobs.collections.collection_store import CollectionStore
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.console.terminal import Terminal
from tests.support.fleets.fleet import (
    BIN,
    environment,
    in_process,
    pdf,
    start_pagefleet,
    wait_until,
)

DOCUMENTS = 40


def members(settings: Settings, name: str) -> list[Member]:
    with CollectionIndex() as index:
        index.load(CollectionStore(open_store(settings), name))
        return [each.member for each in index.entries()]


def corpus(folder: Path) -> list[str]:
    """The lines of a corpus with two lines that can't be used."""
    (folder / "in").mkdir()
    paths = [pdf(folder / "in" / f"{number}.pdf", 2) for number in range(DOCUMENTS)]
    lines = [json.dumps({"uri": str(path)}) for path in paths]
    lines.insert(3, "{")
    lines.insert(7, json.dumps({"uri": str(folder / "in" / "none.pdf")}))
    return lines


def killed_submission(
    settings: Settings, words: tuple[str, ...], pipe: Path, lines: list[str]
) -> int:
    """Feeds the lines to a submission and kills it after its first write; returns how many."""
    os.mkfifo(pipe)
    store = open_store(settings)
    process = start_pagefleet(settings, *words, "--manifest", str(pipe))
    fed = 0
    with pipe.open("w") as out:

        def written() -> bool:
            nonlocal fed
            if fed < len(lines):
                out.write(lines[fed] + "\n")
                out.flush()
                fed += 1
            return any(store.list(members_prefix("corpus")))

        wait_until(written)
        process.kill()
        process.wait()
    pipe.unlink()
    return fed


def test_a_killed_submission_continues_and_reads_nothing_twice(
    settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    config = settings(redis_url=redis_url, engine="fake")
    lines = corpus(tmp_path)
    words = ("submit", "--collection", "corpus", "--json")
    listed = tmp_path / "corpus.jsonl"
    killed_submission(config, words, listed, lines)
    before = [each for each in members(config, "corpus") if each.job_id]
    assert before
    listed.write_text("\n".join(lines))

    result = in_process(config, *words, "--manifest", str(listed))

    assert result.status == 4
    states = Counter(line.get("state", "refused") for line in result.lines)
    assert states["known"] == len(before)
    assert states["refused"] == 2
    assert states.total() == len(lines)
    # Those that the journal lacked are found by their id.
    assert len(list(open_store(config).folders("jobs/"))) == DOCUMENTS
    found = members(config, "corpus")
    assert len({each.job_id for each in found if each.job_id}) == DOCUMENTS
    refused = {each.input: each.code for each in found if each.job_id is None}
    assert refused == {
        f"{listed}:4": "bad_line",
        str(tmp_path / "in" / "none.pdf"): "not_a_document",
    }


def test_a_changed_document_of_a_collection_is_submitted_again_and_keeps_its_place(
    settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    config = settings(redis_url=redis_url, engine="fake")
    paths = [pdf(tmp_path / f"{name}.pdf", 1) for name in ("a", "b")]
    words = ("submit", *map(str, paths), "--collection", "c")
    first = in_process(config, *words).out.split()
    pdf(paths[0], 3)

    second = in_process(config, *words, "--json").lines

    assert [line["state"] for line in second] == ["new", "known"]
    found = members(config, "c")
    assert [each.input for each in found] == [str(path) for path in paths]
    assert [each.job_id for each in found] == [second[0]["job_id"], first[1]]
    for command in ("cancel", "purge"):
        assert in_process(config, command, first[1]).status == 0
    assert [line["state"] for line in in_process(config, *words, "--json").lines] == [
        "known",
        "new",
    ]
    paths[1].unlink()
    gone = in_process(config, *words)
    assert gone.status == 4
    assert [each.job_id for each in members(config, "c")] == [second[0]["job_id"], first[1]]


def test_a_submission_into_a_collection_stops_at_an_outage_and_says_how_to_go_on(
    settings: SettingsFactory, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise BrokerUnreachable("the broker is away")

    config = settings(redis_url=redis_url, engine="fake")
    paths = [str(pdf(tmp_path / f"{number}.pdf", 1)) for number in range(5)]
    monkeypatch.setattr(Submitter, "submit", away)

    result = in_process(config, "submit", *paths, "--collection", "c")

    assert (result.status, result.out) == (5, "")
    assert result.err.splitlines() == [
        f"{paths[0]}: error[broker_unreachable]: the broker is away",
        f"{paths[1]}: error[broker_unreachable]: the broker is away",
        "error[broker_unreachable]: the broker is away; the same command continues where this one "
        "stopped",
    ]
    assert members(config, "c") == []


def test_a_terminal_shows_documents_pages_and_rate_below_the_job_ids(
    settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    config = settings(redis_url=redis_url, engine="fake")
    pipe = tmp_path / "corpus.jsonl"
    os.mkfifo(pipe)
    command = [str(BIN / "pagefleet"), "submit", "--manifest", str(pipe), "--collection", "c"]

    shown = re.compile(r"\d+ documents, 3 pages, \d+\.\d documents/s, \d+ refused")
    with Terminal(command, environment(config), 100, 40) as terminal:
        with pipe.open("w") as out:
            out.write(json.dumps({"uri": str(pdf(tmp_path / "a.pdf", 3))}))

            def progress() -> bool:
                out.write("\n{")
                out.flush()
                terminal.read(0.2)
                return shown.search(terminal.text) is not None

            wait_until(progress)
        status = terminal.end()

    assert status == 4
    assert b"corpus.jsonl:2: error[bad_line]" in terminal.bytes
    assert "documents/s" not in terminal.text


def test_without_a_terminal_there_is_a_line_now_and_then(
    settings: SettingsFactory,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = settings(redis_url=redis_url, engine="fake")
    monkeypatch.setattr(progress_bars, "LINE_INTERVAL_S", -1.0)
    path = str(pdf(tmp_path / "a.pdf", 3))

    result = in_process(config, "submit", path, "--collection", "c")

    assert result.err.startswith("1 documents, 3 pages, ")
    assert len(result.out.split()) == 1


def test_an_interrupt_writes_down_what_was_submitted_and_says_how_to_go_on(
    settings: SettingsFactory, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(redis_url=redis_url, engine="fake")
    paths = [str(pdf(tmp_path / f"{number}.pdf", 1)) for number in range(4)]

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Submitted, "add", interrupted)
        result = in_process(config, "submit", *paths, "--collection", "c")

    assert result.status == 130
    assert result.err.strip() == "interrupted; the same command continues where this one stopped"
    jobs = set(open_store(config).folders("jobs/"))
    assert jobs
    assert {each.job_id for each in members(config, "c")} == jobs
