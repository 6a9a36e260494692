"""``pagefleet watch`` on a real S3 service with a real fleet."""

import hashlib
import json
import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from producer.watching.event_log import EventLog
from producer.watching.output_names import output_name
from producer.watching.places.addresses import route_of
from producer.watching.places.place import Dropped
from producer.watching.timings import WatchTimings
from shared.domain.errors import NotFound, UsageError
from shared.domain.records.page_result import Figure
from shared.jobs.job_store import JobStore
from shared.storage.s3_bucket import Bucket
from tests.support.fleets.fleet import pagefleet, wait_until
from tests.support.fleets.ledger_check import check_job
from tests.support.fleets.stored_jobs import ended_job
from tests.support.fleets.watch_lab import Lab, document, requests_counted


def job_ids(lab: Lab) -> set[str]:
    return set(lab.store.folders("jobs/"))


def fake_line(data: bytes, page: int) -> str:
    return f"fake:{hashlib.sha256(data).hexdigest()[:12]}:{page}"


def test_a_dropped_document_is_converted_under_its_own_key(lab: Lab) -> None:
    data = document("one", pages=3)
    lab.drop("a/x.pdf", data)

    recorder = lab.once()

    markdown = lab.read("outbox", "a/x.pdf.md").decode()
    assert [fake_line(data, page) in markdown for page in (1, 2, 3)] == [True] * 3
    assert json.loads(lab.read("outbox", "a/x.pdf.json"))["counts"]["ok"] == 3
    assert lab.keys("outbox") == ["a/x.pdf.json", "a/x.pdf.md"]
    assert lab.keys("inbox") == ["a/x.pdf"]
    (delivered,) = recorder.about("a/x.pdf", "delivered")
    assert check_job(lab.store, delivered["job_id"]).status == "ok"
    assert lab.once().events == []


def test_equal_content_under_two_keys_is_one_job_with_two_outputs(lab: Lab) -> None:
    jobs_before = job_ids(lab)
    for key in ("a.pdf", "deep/er/b.pdf"):
        lab.drop(key, document("twins"))

    lab.once()

    assert len(job_ids(lab) - jobs_before) == 1
    assert lab.read("outbox", "a.pdf.md") == lab.read("outbox", "deep/er/b.pdf.md")


def test_new_content_is_a_new_job_and_older_content_is_delivered_again(lab: Lab) -> None:
    first, second = document("first"), document("second")
    lab.drop("x.pdf", first)
    lab.once()
    lab.drop("x.pdf", first)
    assert lab.once().events == []

    lab.drop("x.pdf", second)
    assert [event["event"] for event in lab.once().events] == ["queued", "delivered"]
    assert fake_line(second, 1) in lab.read("outbox", "x.pdf.md").decode()

    lab.drop("x.pdf", first)
    (queued, _) = lab.once().events
    assert queued["state"] == "finished"
    assert fake_line(first, 1) in lab.read("outbox", "x.pdf.md").decode()


def test_a_newer_version_replaces_one_whose_job_runs(lab: Lab) -> None:
    first, second = document("older", pages=200), document("newer")
    lab.drop("x.pdf", first)
    with lab.watching() as recorder:
        recorder.wait_for("queued", "x.pdf")
        lab.drop("x.pdf", second)
        newer = recorder.wait_for("queued", "x.pdf", count=2)["job_id"]
        # The last step: the outputs are written and the claim is closed before.
        wait_until(
            lambda: newer in [each["job_id"] for each in recorder.about("x.pdf", "delivered")],
            seconds=120,
        )
    assert lab.once().events == []
    assert fake_line(second, 1) in lab.read("outbox", "x.pdf.md").decode()


def test_objects_that_are_no_documents_are_reported_once_and_stay(lab: Lab) -> None:
    lab.drop("empty.pdf", b"")
    lab.drop("letter.docx", b"PK\x03\x04 word/document.xml")
    lab.drop("notes.pdf", b"just some plain text\n" * 20)
    lab.drop("folder/", b"")
    lab.drop("folder/really.txt", document("a PDF by another name"))

    recorder = lab.once(after="move")

    assert {key: lab.status(key)["error"]["code"] for key in ("empty.pdf", "letter.docx")} == {
        "empty.pdf": "empty",
        "letter.docx": "unsupported",
    }
    assert "convert it to PDF" in lab.status("letter.docx")["error"]["message"]
    assert recorder.names().count(("refused", "notes.pdf")) == 1
    assert lab.keys("inbox") == ["empty.pdf", "folder/", "letter.docx", "notes.pdf"]
    assert lab.keys("done") == ["folder/really.txt"]
    assert lab.once(after="move").events == []


def test_an_empty_object_is_converted_once_it_has_content(lab: Lab) -> None:
    lab.drop("x.pdf", b"")
    lab.once()
    lab.drop("x.pdf", document("there now"))

    lab.once()

    assert lab.keys("outbox") == ["x.pdf.json", "x.pdf.md"]


def test_an_object_over_the_size_limit_is_refused_without_a_download(lab: Lab) -> None:
    settings = lab.settings.model_copy(update={"max_file_bytes": 300})
    lab.drop("huge.pdf", document("huge"))

    with requests_counted(settings) as counted:
        lab.once(settings=settings, after="move")

    assert lab.status("huge.pdf")["error"]["code"] == "too_large"
    assert lab.keys("failed") == ["huge.pdf"]
    # Requests for state and pagefleet.toml, but none for the object.
    with requests_counted(settings) as again:
        lab.drop("small.toml", b"x")
        lab.once(settings=settings)
    assert counted["GetObject"] < again["GetObject"]


ODD_KEYS = (
    "a b+c&d=e?.pdf", "%2F%.pdf", "ü日本😀.pdf", "#x;:@$,'\"<>[]{}|^`~*!().pdf", "..x/y.pdf",
    "tab\there.pdf", "line\nbreak.pdf", "\x01control.pdf", " lead.pdf", "trail .pdf",
    ".hidden.pdf", "no suffix", "a/pages/000001.json", "x.pdf.md", "x.status.json",
    "a-2/x.pdf", "a/x.pdf", "a.b/x.pdf", "/".join(["long" * 20] * 8) + ".pdf",
)  # fmt: skip


def test_every_legal_key_is_converted_under_its_own_name(lab: Lab) -> None:
    contents = {key: document(f"odd {number}") for number, key in enumerate(ODD_KEYS)}
    for key, data in contents.items():
        lab.drop(key, data)

    recorder = lab.once()

    assert recorder.warnings == []
    for key, data in contents.items():
        assert fake_line(data, 1) in lab.read("outbox", f"{output_name(key)}.md").decode(), key
    assert len(lab.keys("outbox")) == 2 * len(ODD_KEYS)
    assert lab.once().events == []


def test_a_key_too_long_for_its_outputs_is_refused_and_others_are_converted(
    lab: Lab,
) -> None:
    long = "n" * 250 + ".pdf"
    lab.drop(long, document("long"))
    lab.drop("x.pdf", document("short"))

    recorder = lab.once()

    assert ("delivered", "x.pdf") in recorder.names()
    assert ("refused", long) in recorder.names()
    assert lab.once().events == []


def test_sources_are_moved_to_done_and_failed_and_overwrite_nothing(lab: Lab) -> None:
    corrupt = b"%PDF-1.7 and nothing else"
    first, second = document("move one"), document("move two")
    lab.drop("a/x.pdf", first)
    lab.drop("broken.pdf", corrupt)
    lab.once(after="move")
    lab.drop("a/x.pdf", second)
    lab.once(after="move")

    done = lab.keys("done")
    assert lab.keys("inbox") == []
    assert lab.read("failed", "broken.pdf") == corrupt
    assert lab.status("broken.pdf")["error"]["code"] == "corrupt"
    assert len(done) == 2
    assert "a/x.pdf" in done
    assert {lab.read("done", key) for key in done} == {first, second}
    assert lab.read("done", "a/x.pdf") == first


def test_a_document_dropped_again_after_it_was_deleted_is_converted_again(lab: Lab) -> None:
    data = document("again and again")
    for _ in range(2):
        lab.drop("x.pdf", data)
        recorder = lab.once(after="delete")
        assert [event["event"] for event in recorder.events] == ["queued", "delivered"]
        assert lab.keys("inbox") == []
        assert lab.keys("outbox") == ["x.pdf.json", "x.pdf.md"]


def test_delete_keeps_sources_that_failed(lab: Lab) -> None:
    lab.drop("broken.pdf", b"%PDF-1.7 and nothing else")

    lab.once(after="delete")

    assert lab.keys("inbox") == ["broken.pdf"]
    assert lab.once(after="delete").events == []


def test_figures_are_written_and_the_markdown_links_to_them(lab: Lab) -> None:
    data = document("with a figure")
    name = f"figures/000001-01-{'ab' * 8}.png"
    figure = Figure(key=name, bbox=(1, 1, 500, 500))
    page = {"markdown": "![](figure:1)", "figures": (figure,)}
    sha256 = hashlib.sha256(data).hexdigest()
    job = ended_job(JobStore(lab.store), [page], data=data, sha256=sha256)
    lab.store.put(f"jobs/{job.job_id}/{name}", b"the picture")
    lab.drop("my pictures/x y.pdf", data)

    lab.once()

    assert lab.read("outbox", f"my pictures/x y.pdf/{name}") == b"the picture"
    assert f"x%20y.pdf/{name}" in lab.read("outbox", "my pictures/x y.pdf.md").decode()


def test_the_status_file_has_pages_done_and_an_eta_while_the_job_runs(lab: Lab) -> None:
    lab = replace(lab, timings=WatchTimings(status_every_s=0.0))
    lab.drop("long.pdf", document("long one", pages=150))
    statuses: list[dict[str, Any]] = []

    with lab.watching() as recorder:

        def is_delivered() -> bool:
            with suppress(NotFound):
                statuses.append(lab.status("long.pdf"))
            return bool(recorder.about("long.pdf", "delivered"))

        wait_until(is_delivered, 120)

    pages = [status["done"] for status in statuses]
    assert pages == sorted(pages)
    assert pages[-1] <= 150
    assert [
        status for status in statuses if 0 < status["done"] < 150 and status["eta_s"] is not None
    ]
    assert lab.keys("outbox") == ["long.pdf.json", "long.pdf.md"]


def test_options_of_a_folder_are_inherited_and_labels_add_up(lab: Lab) -> None:
    lab.drop("pagefleet.toml", b'priority = "low"\nlabels = { team = "a", kind = "x" }\n')
    lab.drop("ocr/pagefleet.toml", b'task = "free-ocr"\npages = "2"\nlabels = { kind = "y" }\n')
    lab.drop("plain.pdf", document("plain", pages=2))
    lab.drop("ocr/deep/er.pdf", document("deep", pages=2))

    recorder = lab.once()

    manifests = {
        key: json.loads(lab.store.get(f"jobs/{recorder.about(key)[0]['job_id']}/job.json"))
        for key in ("plain.pdf", "ocr/deep/er.pdf")
    }
    plain, deep = manifests["plain.pdf"], manifests["ocr/deep/er.pdf"]
    assert (plain["priority"], plain["options"]["task"]) == ("low", "markdown")
    assert plain["labels"] == {"team": "a", "kind": "x"}
    assert (deep["priority"], deep["options"]["task"]) == ("low", "free-ocr")
    assert (deep["options"]["pages"], deep["labels"]) == ("2", {"team": "a", "kind": "y"})
    assert not [key for key in lab.keys("outbox") if "pagefleet.toml" in key]


def test_changed_options_convert_again_only_below_their_folder(lab: Lab) -> None:
    lab.drop("a/x.pdf", document("ax"))
    lab.drop("b/x.pdf", document("bx"))
    lab.once()
    lab.drop("a/pagefleet.toml", b'task = "free-ocr"')

    with lab.watching() as recorder:
        recorder.wait_for("delivered", "a/x.pdf")
        lab.remove("a/pagefleet.toml")
        recorder.wait_for("delivered", "a/x.pdf", count=2)

    assert recorder.about("b/x.pdf") == []
    assert json.loads(lab.read("outbox", "a/x.pdf.json"))["options"]["task"] == "markdown"


@pytest.mark.parametrize(
    "wrong", [b"task = ", b'task = "dance"', b"colour = 1", b"dpi = 7", b"\xff"]
)
def test_invalid_options_are_reported_once_and_documents_below_wait(lab: Lab, wrong: bytes) -> None:
    lab.drop("a/pagefleet.toml", wrong)
    lab.drop("a/x.pdf", document("held"))
    lab.drop("b.pdf", document("free"))

    with lab.watching() as recorder:
        recorder.wait_for("delivered", "b.pdf")
        error = lab.status("a/pagefleet.toml")["error"]
        assert error["code"] == "usage"
        assert "a/pagefleet.toml" in error["message"]
        assert recorder.about("a/x.pdf") == []
        lab.drop("a/pagefleet.toml", b'task = "ocr"')
        recorder.wait_for("delivered", "a/x.pdf")

    assert len(recorder.about("a/pagefleet.toml")) == 1
    assert "a/pagefleet.toml.status.json" not in lab.keys("outbox")


def test_an_object_is_not_ingested_while_it_grows(lab: Lab) -> None:
    whole = document("growing", pages=3)
    stop = threading.Event()

    def grow() -> None:
        size = 100
        while not stop.is_set():
            lab.drop("x.pdf", whole[: min(size, len(whole) - 1)])
            size += 1

    writer = threading.Thread(target=grow)
    writer.start()
    with lab.watching(settle_s=1.0) as recorder:
        lab.drop("other.pdf", document("settled"))
        recorder.wait_for("delivered", "other.pdf")
        stop.set()
        writer.join()
        assert recorder.about("x.pdf") == []
        lab.drop("x.pdf", whole)
        recorder.wait_for("delivered", "x.pdf")
    assert fake_line(whole, 3) in lab.read("outbox", "x.pdf.md").decode()


def test_an_object_removed_before_it_is_read_leaves_no_state(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Bucket.head

    def removed_first(bucket: Bucket, key: str, count: int, etag: str) -> bytes:
        if key.endswith("gone.pdf"):
            bucket.delete(key)
        return real(bucket, key, count, etag)

    monkeypatch.setattr(Bucket, "head", removed_first)
    lab.drop("gone.pdf", document("gone"))
    lab.drop("stays.pdf", document("stays"))

    recorder = lab.once()

    assert [e["event"] for e in recorder.about("gone.pdf")] == ["abandoned"]
    assert lab.keys("outbox") == ["stays.pdf.json", "stays.pdf.md"]
    monkeypatch.undo()
    lab.drop("gone.pdf", document("gone"))
    assert ("delivered", "gone.pdf") in lab.once().names()


def test_two_watchers_queue_each_object_once(lab: Lab) -> None:
    count = 12
    for number in range(count):
        lab.drop(f"{number}.pdf", document(f"pair {number}"))

    with lab.watching() as one, lab.watching() as other:
        wait_until(lambda: len([k for k in lab.keys("outbox") if k.endswith(".md")]) == count, 90)
        wait_until(lambda: not list(lab.store.list("watch/" + watch_id(lab) + "/open/")))

    queued = [event["key"] for recorder in (one, other) for event in recorder.events
              if event["event"] == "queued"]  # fmt: skip
    assert sorted(queued) == sorted(f"{number}.pdf" for number in range(count))


def watch_id(lab: Lab) -> str:
    return lab.plan().route.watch_id


def test_no_more_documents_are_open_than_allowed(lab: Lab) -> None:
    for number in range(5):
        lab.drop(f"{number}.pdf", document(f"bounded {number}", pages=12))
    most_open = 0

    with lab.watching(max_open=2) as recorder:
        while sum(event["event"] == "delivered" for event in recorder.events) < 5:
            most_open = max(most_open, len(list(lab.store.list(f"watch/{watch_id(lab)}/open/"))))
            time.sleep(0.02)
    assert 1 <= most_open <= 2


def test_listing_costs_the_same_each_period_when_nothing_changes(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Bucket.page
    monkeypatch.setattr(Bucket, "page", lambda b, p, after="", limit=5: real(b, p, after, limit))
    for number in range(30):
        lab.drop(f"{number:03}.txt", b"not a document")
    plan = lab.plan(lists_per_period=4)
    inbox = lab.watcher(plan, recorder := lab.once()).context.inbox
    assert len(recorder.events) == 30
    list(inbox.scan())

    costs, scanned = [], set[Dropped]()
    for _ in range(8):
        with requests_counted(lab.settings) as counted:
            for page in inbox.scan():
                scanned.update(page.drops)
        costs.append(counted.total())

    assert set(costs) == {4} or set(costs) == {3, 4}, costs
    assert len(scanned) == 30  # several periods together cover the prefix


def test_a_new_last_key_of_a_large_prefix_is_found_in_the_next_period(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Bucket.page
    monkeypatch.setattr(Bucket, "page", lambda b, p, after="", limit=5: real(b, p, after, limit))
    for number in range(30):
        lab.drop(f"2026-01-{number:03}.txt", b"no document")
    inbox = lab.watcher(lab.plan(lists_per_period=4), lab.once()).context.inbox
    for _ in range(2):
        list(inbox.scan())
    lab.drop("2026-02-001.pdf", document("newest"))

    scanned = {dropped.key for page in inbox.scan() for dropped in page.drops}

    assert "2026-02-001.pdf" in scanned


@pytest.mark.parametrize(
    ("source", "to", "complaint"),
    [
        ("s3://b/inbox/", "s3://b/inbox/out/", "overlap"),
        ("s3://b/out/in/", "s3://b/out/", "overlap"),
        ("s3://b/inbox", None, "final slash"),
        ("s3://b/", None, "whole bucket"),
        ("s3://b/", "s3://other/", "whole bucket"),
        ("ftp://b/inbox/", None, "can't be watched"),
        ("no-such-folder", None, "is not a folder"),
    ],
)
def test_routes_that_can_not_work_are_refused(
    lab: Lab, source: str, to: str | None, complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        route_of(source, to, "move", lab.settings)


def test_the_store_of_jobs_can_not_be_watched(lab: Lab) -> None:
    with pytest.raises(UsageError, match="store of jobs"):
        route_of(f"s3://{lab.bucket_name}/", "s3://other/out/", "keep", lab.settings)


def test_a_usage_error_is_one_line_with_the_next_step(lab: Lab) -> None:
    ended = pagefleet(lab.settings, "watch", lab.inbox, "--to", lab.inbox + "out/")

    assert ended.status == 2
    assert "choose places beside each other" in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(("name", "is_printed"), [("refused", True), ("queued", False)])
def test_quiet_prints_refusals_and_no_other_events(
    name: str, is_printed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    EventLog(as_json=False, quiet=True).event(name, "in/a.pdf", code="encrypted", message="why")

    assert ("refused: in/a.pdf encrypted why" in capsys.readouterr().err) == is_printed
