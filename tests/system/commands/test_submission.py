"""``pagefleet submit`` on a real fleet: job identity, what is stored, what is printed."""

import json
import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pymupdf
import pytest

from shared.broker.dispatch_state import DispatchState
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.documents.digests import file_digest
from tests.support.fleets.fleet import Fleet, in_process, pdf
from tests.support.fleets.ledger_check import check_job


def submitted(fleet: Fleet, *words: str, **changed: Any) -> str:
    """The job id that ``submit`` prints, and nothing else."""
    result = fleet("submit", *words, **changed)
    assert result.status == 0, result.err
    return result.out.strip()


def manifest(fleet: Fleet, job_id: str) -> dict[str, object]:
    data = open_store(fleet.settings).get(f"jobs/{job_id}/job.json")
    return json.loads(data)  # type: ignore[no-any-return]


def test_submit_with_wait_prints_one_json_line_per_document(
    fake_fleet: Fleet, tmp_path: Path
) -> None:
    source = pdf(tmp_path / "book.pdf", 4, title="line")

    result = fake_fleet("submit", str(source), "--wait", "--json")

    (line,) = result.lines
    job_id = line["job_id"]
    store = open_store(fake_fleet.settings)
    assert result.status == 3
    assert line == {
        "input": str(source),
        "job_id": job_id,
        "status": "partial",
        "pages": 4,
        "counts": {"ok": 3, "blank": 0, "failed": 1},
        "markdown": f"{store.url}/jobs/{job_id}/document.md",
        "error": None,
    }
    assert check_job(store, job_id).failed == {3: "engine_failed"}


def test_the_same_content_and_page_options_are_the_same_job(
    fake_fleet: Fleet, tmp_path: Path
) -> None:
    source = pdf(tmp_path / "one.pdf", 2, title="same")
    (tmp_path / "copy.pdf").write_bytes(source.read_bytes())

    first = submitted(fake_fleet, str(source))

    again = [str(tmp_path / "copy.pdf"), "--priority", "low", "--label", "a=b"]
    again += ["--page-breaks", "none", "--concurrency", "3", "--pages", "1-2"]
    assert submitted(fake_fleet, *again, page_timeout_s=7, lease_s=90) == first
    other = submitted(fake_fleet, str(source), "--task", "自由OCR", "--pages", "2")
    assert other.startswith(first[:17])
    assert other != first
    assert submitted(fake_fleet, str(source), "--task", "free-ocr", "--pages", "2-2") == other


def test_a_partial_job_is_returned_as_it_is_without_retry_failed(
    fake_fleet: Fleet, tmp_path: Path
) -> None:
    source = str(pdf(tmp_path / "a.pdf", 3, title="again"))
    first = fake_fleet("submit", source, "--wait", "--json").lines[0]["job_id"]

    as_it_is = fake_fleet("submit", source, "--json").lines[0]
    again = fake_fleet("submit", source, "--json", "--retry-failed").lines[0]

    assert (as_it_is["job_id"], as_it_is["state"]) == (first, "finished")
    assert (again["job_id"], again["state"]) == (first, "resumed")
    assert fake_fleet("wait", first).status == 3
    assert check_job(open_store(fake_fleet.settings), first).attempts == {1: 1, 2: 1, 3: 3}


def test_a_job_is_dated_by_the_clock_of_the_broker_not_of_the_submitting_machine(
    fake_fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = SimpleNamespace(time=lambda: 0.0)
    for module in ("producer.submission.submitter", "shared.jobs.creation"):
        monkeypatch.setattr(f"{module}.time", wrong, raising=False)

    job_id = submitted(fake_fleet, str(pdf(tmp_path / "a.pdf", 1, title="dated")))

    created = manifest(fake_fleet, job_id)["created"]
    assert abs(float(str(created)) - time.time()) < 3600


def test_force_makes_numbered_jobs_and_the_newest_is_returned(
    fake_fleet: Fleet, tmp_path: Path
) -> None:
    source = str(pdf(tmp_path / "a.pdf", 1, title="force"))
    first = submitted(fake_fleet, source)

    assert submitted(fake_fleet, source, "--force") == f"{first}-2"
    assert submitted(fake_fleet, source, "--force") == f"{first}-3"
    assert submitted(fake_fleet, source) == f"{first}-3"


def test_a_cancelled_job_resumes_when_it_is_submitted_again(
    fake_fleet: Fleet, tmp_path: Path
) -> None:
    source = str(pdf(tmp_path / "a.pdf", 2, title="resume"))
    # No worker serves this engine, so the job waits until it is cancelled.
    job_id = submitted(fake_fleet, source, "--engine", "openai")
    assert fake_fleet("cancel", job_id).status == 0

    again = fake_fleet("submit", source, "--engine", "openai", "--json").lines[0]

    assert (again["job_id"], again["state"]) == (job_id, "resumed")
    assert fake_fleet("wait", job_id, "--timeout", "0").status == 6
    assert fake_fleet("cancel", job_id).status == 0


def test_a_cancel_that_crashed_does_not_block_the_job(fake_fleet: Fleet, tmp_path: Path) -> None:
    source = str(pdf(tmp_path / "a.pdf", 2, title="half"))
    job_id = submitted(fake_fleet, source, "--engine", "openai")
    dispatch_state = DispatchState(fake_fleet.settings)
    # The cancel is recorded in the dispatch state, and the job has no _DONE in the store.
    dispatch_state.jobs.cancel(job_id)

    assert submitted(fake_fleet, source, "--engine", "openai") == job_id

    hot = dispatch_state.jobs.progress(job_id)
    assert hot is not None
    assert (hot.state, hot.total) == ("open", 2)
    dispatch_state.close()
    fake_fleet("cancel", job_id)


def test_a_job_that_was_cancelled_and_purged_can_run_afterwards(
    fake_fleet: Fleet, tmp_path: Path
) -> None:
    source = str(pdf(tmp_path / "a.pdf", 1, title="purged"))
    job_id = submitted(fake_fleet, source)
    for command in ("wait", "cancel", "purge"):
        assert fake_fleet(command, job_id).status == 0

    result = fake_fleet("submit", source, "--wait", "--json")

    assert result.lines[0]["status"] == "ok"


def test_a_dry_run_counts_pages_and_stores_nothing(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    source = str(pdf(tmp_path / "a.pdf", 5))
    config = settings(engine="cpu", price_per_hour=36)

    result = in_process(config, "submit", source, "--pages", "2-4", "--dry-run", "--json")

    document, total = result.lines
    assert result.status == 0
    assert document == {"input": source, "pages": 3}
    assert (total["engine"], total["pages"]) == ("cpu", 3)
    assert total["cost"] == pytest.approx(total["worker_seconds"] * 0.01, rel=0.01)
    assert list(open_store(config).list("")) == []


def test_a_dry_run_for_people_names_worker_time_and_the_unit_of_the_price(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings(engine="cpu", price_per_hour=36)

    result = in_process(config, "submit", str(pdf(tmp_path / "a.pdf", 5)), "--dry-run")

    total = result.out.splitlines()[-1]
    expected = r"total: 5 pages, about \d+ s of worker time \(cpu\), about [\d.]+ at [\d.]+ per "
    assert re.fullmatch(expected + "worker-hour", total)


@pytest.mark.parametrize(("words", "flags"), [
    (("--concurrency", "3"), "--concurrency"),
    (("--engine-url", "http://h:1", "--concurrency", "3"), "--engine-url and --concurrency"),
])  # fmt: skip
def test_submit_warns_of_options_that_only_workers_obey(
    settings: SettingsFactory, tmp_path: Path, words: tuple[str, ...], flags: str
) -> None:
    source = str(pdf(tmp_path / "a.pdf", 1))

    result = in_process(settings(engine="cpu"), "submit", source, "--dry-run", *words)

    assert result.status == 0
    assert result.err == f"warning: {flags}: no effect here; set it at the workers\n"


def test_a_document_is_stored_decrypted_and_its_password_is_not_stored(
    fake_fleet: Fleet, tmp_path: Path
) -> None:
    secret = "correct horse 42"
    locked, password = tmp_path / "locked.pdf", tmp_path / "password"
    with pymupdf.open() as document:
        document.new_page().insert_text((50, 50), "secret text")
        document.save(locked, encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw=secret)
    password.write_text(f"{secret}\n")

    result = fake_fleet("submit", str(locked), "--password-file", str(password), "--wait", "--json")

    job_id = result.lines[0]["job_id"]
    store = open_store(fake_fleet.settings)
    with pymupdf.open("pdf", store.get(f"jobs/{job_id}/source.pdf")) as stored:
        assert not stored.needs_pass
        assert "secret text" in stored[0].get_text()
    home = fake_fleet.settings.home
    everything = [path for path in home.parent.rglob("*") if path.is_file()]
    assert job_id in {path.parent.name for path in everything}
    assert [path for path in everything if secret.encode() in path.read_bytes()] == []


def test_every_frame_of_a_tiff_is_a_page(fake_fleet: Fleet, tmp_path: Path) -> None:
    from PIL import Image

    frames = [Image.new("L", (80, 60), shade) for shade in (10, 60, 110, 160)]
    path = tmp_path / "fax.tif"
    frames[0].save(path, save_all=True, append_images=frames[1:])

    result = fake_fleet("submit", str(path), "--wait", "--json", "--pages", "1-2,4")

    assert result.lines[0]["status"] == "ok"
    assert sum(result.lines[0]["counts"].values()) == 3
    assert manifest(fake_fleet, result.lines[0]["job_id"])["page_count"] == 4


def test_a_manifest_file_gives_each_document_its_own_options(
    fake_fleet: Fleet, tmp_path: Path
) -> None:
    one, two = (pdf(tmp_path / f"{name} x.pdf", 4, title=f"m {name}") for name in ("one", "two"))
    lines = [
        {"uri": str(one), "task": "布局分析", "pages": "2,4", "priority": "high"},
        {"uri": two.as_uri(), "labels": {"kind": "a\u2028b"}, "password": "unneeded"},
    ]
    listed = tmp_path / "files.jsonl"
    text = "\n\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    listed.write_text(f"\ufeff{text}\n", "utf-8")

    result = fake_fleet("submit", "--manifest", str(listed), "--label", "all=1", "--json")

    first, second = (manifest(fake_fleet, line["job_id"]) for line in result.lines)
    assert [line["pages"] for line in result.lines] == [2, 4]
    assert (first["options"]["task"], first["options"]["pages"]) == ("layout", "2,4")  # type: ignore[index]
    assert (first["priority"], first["labels"]) == ("high", {"all": "1"})
    assert (second["options"]["task"], second["priority"]) == ("markdown", "normal")  # type: ignore[index]
    assert second["labels"] == {"all": "1", "kind": "a\u2028b"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"uri": "a.pdf", "task": "dance"}', "files.jsonl:2: unknown task 'dance'"),
        ('{"uri": "a.pdf", "pages": "x"}', "files.jsonl:2: bad page range 'x'"),
        ('{"uri": "a.pdf", "colour": 1}', "files.jsonl:2: error[bad_line]: not a line"),
        ('{"uri": "a.pdf", "labels": {"a": 1}}', "labels.a"),
        ('{"schema": 2, "uri": "a.pdf"}', "schema"),
        ('{"pages": "1"}', "uri"),
        ("[1]", "files.jsonl:2"),
        ("{", "files.jsonl:2"),
        ("\udcff", "files.jsonl:2"),
        ('{"uri": "' + "x" * 1_000_000, "longer than 1000000 bytes"),
        ('{"uri": "s3://bucket/prefix/"}', "one document"),
    ],
)
def test_a_bad_line_of_a_manifest_is_refused_and_the_others_go_on(
    settings: SettingsFactory, tmp_path: Path, line: str, message: str
) -> None:
    good = pdf(tmp_path / "good.pdf", 1)
    listed = tmp_path / "files.jsonl"
    text = json.dumps({"uri": str(good)})
    listed.write_bytes(f"{text}\n{line}\n{text}".encode("utf-8", "surrogateescape"))
    config = settings(engine="fake")

    result = in_process(config, "submit", "--dry-run", "--manifest", str(listed))

    assert result.status == 4
    assert result.out.splitlines()[:2] == [f"{good}: 1 pages"] * 2
    assert message in result.err
    assert "error[bad_line]" in result.err
    assert len(result.err.splitlines()) == 1


def test_standard_input_is_a_document(fake_fleet: Fleet, tmp_path: Path) -> None:
    data = pdf(tmp_path / "a.pdf", 2, title="stdin").read_bytes()

    result = fake_fleet("submit", "-", "--json", stdin=data)

    assert (result.lines[0]["input"], result.lines[0]["pages"]) == ("-", 2)
    assert manifest(fake_fleet, result.lines[0]["job_id"])["source"]["name"] == "stdin"  # type: ignore[index]


def test_one_bad_input_stops_no_other(fake_fleet: Fleet, tmp_path: Path) -> None:
    good = str(pdf(tmp_path / "good.pdf", 1, title="beside"))
    (tmp_path / "empty.pdf").touch()

    result = fake_fleet("submit", str(tmp_path / "empty.pdf"), good)

    assert result.status == 4
    assert len(result.out.splitlines()) == 1
    assert "error[empty]" in result.err


def test_submit_warns_where_no_worker_serves_the_engine(fake_fleet: Fleet, tmp_path: Path) -> None:
    source = str(pdf(tmp_path / "a.pdf", 1, title="alone"))

    result = fake_fleet("submit", source, "--engine", "transformers")

    assert result.status == 0
    assert "no live worker serves engine 'transformers'" in result.err
    assert fake_fleet("cancel", result.out.strip()).status == 0


def job_ids(running: Fleet) -> set[str]:
    """The jobs of the fleet; those of other tests may still run."""
    return {line["job_id"] for line in running("list", "--json").lines}


def test_a_model_that_the_engine_lacks_is_refused_and_makes_no_job(
    fake_fleet: Fleet, tmp_path: Path
) -> None:
    source = str(pdf(tmp_path / "a.pdf", 1, title="of no model"))
    before = job_ids(fake_fleet)

    result = fake_fleet("submit", source, "--engine", "cpu", "--model", "huge")

    assert result.status == 2
    assert "no model 'huge'; use one of: small, tiny" in result.err
    assert job_ids(fake_fleet) == before


def test_objects_of_the_same_bucket_are_copied_inside_the_store(
    s3_settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    config = s3_settings(redis_url=redis_url, engine="fake")
    store = open_store(config)
    names = {"in/one two.pdf": 2, "in/deep/日本.PDF": 3, "in/notes.txt": 1}
    for name, pages in names.items():
        path = pdf(tmp_path / "x.pdf", pages, title=name)
        store.put_file(name, path, file_digest(path))

    by_prefix = in_process(config, "submit", f"{store.url}/in", "--json").lines
    by_name = in_process(config, "submit", f"{store.url}/in/one two.pdf", "--json").lines

    assert {line["input"]: line["pages"] for line in by_prefix} == {
        f"{store.url}/in/one two.pdf": 2,
        f"{store.url}/in/deep/日本.PDF": 3,
    }
    (line,) = by_name
    copied = json.loads(store.get(f"jobs/{line['job_id']}/job.json"))["source"]
    assert line["job_id"] in {line["job_id"] for line in by_prefix}
    assert copied["uri"] == f"{store.url}/in/one two.pdf"
    assert store.get(f"jobs/{line['job_id']}/source.pdf") == store.get("in/one two.pdf")


@pytest.mark.parametrize(
    ("where", "status", "code"),
    [
        ("none.pdf", 4, "not_a_document"),
        ("nothing/", 4, "not_a_document"),
        ("", 4, "not_a_document"),
    ],
)
def test_an_s3_address_without_an_object_is_refused(
    s3_settings: SettingsFactory, redis_url: str, where: str, status: int, code: str
) -> None:
    config = s3_settings(redis_url=redis_url, engine="fake")

    result = in_process(config, "submit", f"{config.store}/{where}", "--json")

    assert result.status == status
    assert result.lines[0]["error"]["code"] == code
