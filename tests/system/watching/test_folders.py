"""``pagefleet watch`` on folders, and the trigger of pushed events."""

import hashlib
import hmac
import http.client
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from producer.intake.opener import Intake
from producer.watching.claims.key_claim import KeyClaim
from producer.watching.claims.state import WatchState
from producer.watching.places.beneath import parts_of
from producer.watching.places.place import UnusableName
from producer.watching.triggers.event_server import serving
from producer.watching.triggers.folder_events import FolderEvents
from producer.watching.triggers.pushed_events import Receiver
from producer.watching.triggers.registry import TriggerRow
from producer.watching.triggers.trigger import TriggerContext
from shared.domain import object_keys
from shared.domain.errors import UsageError
from tests.support.fleets.fleet import in_process, wait_until
from tests.support.fleets.watch_lab import (
    PROBE,
    EventRecorder,
    Lab,
    document,
    wait_until_events_arrive,
)
from tests.support.old_watch_state import write_old_claim
from tests.support.servers.processes import free_ports, start_s3
from tests.system.watching.test_events import CEPH, MINIO

SECRET = "a secret of enough length"


@pytest.fixture
def lab(folder_fleet: Lab) -> Lab:
    """The fleet that converts what is dropped."""
    return replace(folder_fleet)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """An empty folder to watch."""
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


@pytest.fixture
def watching(lab: Lab, inbox: Path) -> Iterator[EventRecorder]:
    """A watcher that scans only at its start, so only events report later files."""
    with lab.watching(source=str(inbox), period_s=3600.0, settle_s=0.3) as recorder:
        wait_until_events_arrive(recorder, lambda key: (inbox / key).touch())
        yield recorder


def outputs(inbox: Path, folder: str = "outbox") -> list[str]:
    root = inbox.parent / folder
    paths = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(str(path) for path in paths if not path.name.startswith(PROBE))


def once(lab: Lab, inbox: Path, **options: Any) -> EventRecorder:
    return lab.once(source=str(inbox), settle_s=0.1, **options)


def test_a_file_in_a_new_folder_is_converted_without_a_scan(
    watching: EventRecorder, inbox: Path
) -> None:
    (inbox / "a").mkdir()
    (inbox / "a" / "x y.pdf").write_bytes(document("folder"))

    watching.wait_for("delivered", "a/x y.pdf")

    assert outputs(inbox) == ["a/x y.pdf.json", "a/x y.pdf.md"]
    digest = hashlib.sha256(document("folder")).hexdigest()[:12]
    assert f"fake:{digest}:1" in (inbox.parent / "outbox" / "a" / "x y.pdf.md").read_text()


def test_a_file_is_not_ingested_while_it_is_being_written(
    watching: EventRecorder, inbox: Path
) -> None:
    data = document("half copied", pages=3)
    with (inbox / "x.pdf").open("wb") as file:
        for start in range(0, len(data), len(data) // 12):
            file.write(data[start : start + len(data) // 12])
            file.flush()
            time.sleep(0.1)
    watching.wait_for("delivered", "x.pdf")

    assert [event["event"] for event in watching.about("x.pdf")] == ["queued", "delivered"]


def test_unfinished_hidden_and_linked_files_are_never_ingested(
    lab: Lab, inbox: Path, tmp_path: Path
) -> None:
    secret, elsewhere = tmp_path / "secret.pdf", tmp_path / "elsewhere"
    secret.write_bytes(document("secret"))
    elsewhere.mkdir()
    (elsewhere / "deep.pdf").write_bytes(document("deep secret"))
    (inbox / "link.pdf").symlink_to(secret)
    (inbox / "folder").symlink_to(elsewhere)
    (inbox / "loop").symlink_to(inbox)
    os.mkfifo(inbox / "pipe.pdf")
    for name in (".hidden.pdf", "x.pdf.part", "y.pdf.crdownload", "z.pdf~"):
        (inbox / name).write_bytes(document(name))
    (inbox / os.fsdecode(b"not \xff text.pdf")).write_bytes(document("bytes"))
    (inbox / "good.pdf").write_bytes(document("good"))

    recorder = once(lab, inbox)

    assert {event["key"] for event in recorder.events} == {"good.pdf"}
    assert outputs(inbox) == ["good.pdf.json", "good.pdf.md"]


def test_a_symbolic_link_in_the_outbox_is_not_followed(
    lab: Lab, inbox: Path, tmp_path: Path
) -> None:
    (inbox / "a").mkdir()
    (inbox / "a" / "x.pdf").write_bytes(document("through a link"))
    (tmp_path / "outbox").mkdir()
    (tmp_path / "victim").mkdir()
    (tmp_path / "outbox" / "a").symlink_to(tmp_path / "victim")

    with lab.watching(source=str(inbox), settle_s=0.1) as recorder:
        recorder.wait_for("queued", "a/x.pdf")
        wait_until(lambda: recorder.warnings or recorder.about("a/x.pdf", "abandoned"))

    assert list((tmp_path / "victim").iterdir()) == []


def test_new_content_is_converted_and_a_new_time_is_not(lab: Lab, inbox: Path) -> None:
    path = inbox / "x.pdf"
    path.write_bytes(document("one"))
    once(lab, inbox)
    os.utime(path, (1, 1))
    assert once(lab, inbox).events == []
    path.write_bytes(document("two"))
    assert [event["event"] for event in once(lab, inbox).events] == ["queued", "delivered"]


def test_files_are_moved_to_done_and_failed_and_overwrite_nothing(lab: Lab, inbox: Path) -> None:
    for words in ("first", "second"):
        (inbox / "a").mkdir(exist_ok=True)
        (inbox / "a" / "x.pdf").write_bytes(document(words))
        (inbox / "broken.pdf").write_bytes(b"%PDF-1.7 " + words.encode())
        once(lab, inbox, after="move")

    done = outputs(inbox, "done")
    assert [path for path in inbox.rglob("*") if path.is_file()] == []
    assert len(done) == len(outputs(inbox, "failed")) == 2
    contents = {(inbox.parent / "done" / name).read_bytes() for name in done}
    assert contents == {document("first"), document("second")}


class BrokenFolderEvents(FolderEvents):
    """Folder events on a machine whose kernel has no more inotify watches."""

    def __init__(self, context: TriggerContext) -> None:
        super().__init__(context, watch=self._fail)

    @staticmethod
    def _fail(*_: object) -> Iterator[str]:
        raise OSError(28, "inotify watch limit reached")


def test_polling_finds_files_where_folder_events_fail(lab: Lab, inbox: Path) -> None:
    broken = f"{__name__}:{BrokenFolderEvents.__name__}"
    lab = replace(lab, triggers=(TriggerRow(factory=broken, places=("folder",)),))
    with lab.watching(source=str(inbox), period_s=0.3, settle_s=0.1) as recorder:
        wait_until(lambda: recorder.warnings)
        (inbox / "x.pdf").write_bytes(document("found by polling"))
        recorder.wait_for("delivered", "x.pdf")
    assert "inotify" in recorder.warnings[0]


@pytest.mark.parametrize("key", ["../x", "a/../x", "/x", "a//x", "a/", "x\0y", "n" * 256, "."])
def test_a_key_that_could_lead_out_of_a_folder_is_refused(key: str) -> None:
    with pytest.raises(UnusableName):
        parts_of(key)


class KeyRecorder:
    """Records the keys that a receiver adds, and reports each as handled."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def add_event(self, key: str) -> "Future[bool]":
        """See WorkQueue."""
        self.keys.append(key)
        result: Future[bool] = Future()
        result.set_result(True)
        return result


Post = Callable[..., int]


@pytest.fixture
def added() -> KeyRecorder:
    """The keys that the receiver added."""
    return KeyRecorder()


@pytest.fixture
def post(added: KeyRecorder) -> Iterator[Post]:
    """Send a request to a receiver for s3://drops/inbox/; returns the status."""
    receiver = Receiver(("drops", "inbox/"), added.add_event, SECRET)
    with serving("127.0.0.1:0", receiver.answer) as port:

        def send(body: object, path: str = "/", method: str = "POST", **headers: str) -> int:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            renamed = {name.replace("_", "-"): value for name, value in headers.items()}
            with closing(connection):
                connection.request(method, path, data, renamed)
                return connection.getresponse().status

        yield send


def signed(body: bytes) -> dict[str, str]:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {"X_Pagefleet_Signature": f"sha256={digest}"}


def test_events_are_accepted_from_senders_that_know_the_secret(
    post: Post, added: KeyRecorder
) -> None:
    body = json.dumps(MINIO).encode()

    assert post(body, Authorization=f"Bearer {SECRET}") == 200
    assert post(body, Authorization=SECRET) == 200
    assert post(body, **signed(body)) == 200
    assert post(CEPH, path="/hook/a%20secret%20of%20enough%20length") == 200
    assert set(added.keys) == {"a b.pdf"}


def test_events_of_other_senders_are_refused_and_not_parsed(post: Post, added: KeyRecorder) -> None:
    body = json.dumps(MINIO).encode()

    assert post(body) == 403
    assert post(body, Authorization="Bearer guess") == 403
    assert post(body + b" ", **signed(body)) == 403
    assert post(b"not json") == 403
    assert post(body, path="/hook/") == 403
    assert added.keys == []


def test_requests_that_are_no_events_are_refused_and_the_receiver_continues(post: Post) -> None:
    allowed = {"Authorization": f"Bearer {SECRET}"}

    assert post(b"not json", **allowed) == 400
    assert post(b"", **allowed) == 200  # a sender that only tests the address
    assert post(b"", method="GET", **allowed) == 501
    # Refused by its Content-Length, before the body is sent.
    assert post(b"", Content_Length=str(2 << 20), **allowed) == 413
    assert post(b"", path="/", method="HEAD") == 200
    assert post(MINIO, **allowed) == 200


def test_a_receiver_refuses_a_short_secret() -> None:
    with pytest.raises(UsageError, match="shorter"):
        Receiver(("b", ""), KeyRecorder().add_event, "short")


def test_seaweedfs_sends_its_events_to_a_watcher(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,) = free_ports(1)
    (tmp_path / "notification.toml").write_text(
        f'[notification.webhook]\nenabled = true\nendpoint = "http://127.0.0.1:{port}/"\n'
        f'bearer_token = "{SECRET}"\nmax_retries = 0\nevent_types = ["create", "update"]\n'
        'path_prefixes = ["/buckets/pagefleet-test"]\n'
    )
    server = start_s3(tmp_path)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    settings = lab.settings.model_copy(
        update={"s3_endpoint_url": server.endpoint, "s3_region": None}
    )
    (tmp_path / "secret").write_text(SECRET)
    options = {"listen": f"127.0.0.1:{port}", "secret_file": str(tmp_path / "secret")}
    try:
        with Intake(settings) as intake:
            weed = replace(lab, settings=settings, bucket_name=server.bucket, intake=intake)
            _drop_and_wait(weed, options)
    finally:
        server.stop()


def _drop_and_wait(weed: Lab, options: dict[str, str]) -> None:
    with weed.watching(trigger_options=options, period_s=3600.0) as recorder:
        wait_until_events_arrive(recorder, lambda key: weed.drop(key, b"no document"))
        weed.drop("by webhook/ü +%.pdf", document("reported by the filer"))
        recorder.wait_for("delivered", "by webhook/ü +%.pdf")


def test_large_files_in_one_folder_do_not_delay_another_folder(lab: Lab, inbox: Path) -> None:
    for name in ("one", "two", "three"):
        (inbox / "large").mkdir(exist_ok=True)
        (inbox / "large" / f"{name}.pdf").write_bytes(document(name, pages=1000))

    with lab.watching(source=str(inbox), settle_s=0.0, max_open=2) as recorder:
        wait_until(lambda: recorder.events)
        (inbox / "small").mkdir()
        (inbox / "small" / "x.pdf").write_bytes(document("small"))
        recorder.wait_for("delivered", "small/x.pdf")
        (job_id,) = {e["job_id"] for e in recorder.events if e["key"].startswith("large/")}

    assert in_process(lab.settings, "cancel", job_id).status == 0


def test_outputs_never_overwrite_those_of_another_file(lab: Lab, inbox: Path) -> None:
    (inbox / "x.pdf.md").mkdir()
    names = ("x.pdf", "x.pdf.status", "x.pdf.md/y.pdf")
    for name in names:
        (inbox / name).write_bytes(document(name))

    recorder = once(lab, inbox)

    assert [("delivered", name) in recorder.names() for name in names] == [True] * 3
    assert outputs(inbox) == [
        "x.pdf.json", "x.pdf.md", "x.pdf.md_/y.pdf.json", "x.pdf.md_/y.pdf.md",
        "x.pdf.status_.json", "x.pdf.status_.md",
    ]  # fmt: skip


def test_thousands_of_files_at_once_stay_within_the_limits_of_the_queue(
    lab: Lab, inbox: Path
) -> None:
    for number in range(1100):
        (inbox / f"{number:04}.txt").write_bytes(b"no document at all")
    most = 0
    watcher = lab.watcher(
        lab.plan(source=str(inbox), settle_s=0.0, period_s=3600.0), recorder := EventRecorder()
    )
    thread = threading.Thread(target=watcher.run, daemon=True)
    thread.start()
    try:
        while len(recorder.events) < 1100:
            queue = watcher.work_queue
            most = max(most, queue.scanned_waiting() + queue.events_waiting())
            time.sleep(0.01)
    finally:
        watcher.stop.set()
        thread.join(20)
    assert 0 < most <= 1000


def test_adopted_files_keep_their_own_names_where_their_content_is_equal(
    lab: Lab, inbox: Path
) -> None:
    for key in ("salary of ann.pdf", "bob.pdf"):
        (inbox / key).write_bytes(document("one content, two names"))
    once(lab, inbox)
    watch_id = lab.plan(source=str(inbox)).route.watch_id
    state = WatchState(lab.store, watch_id)
    for digests in list(state.digests()):
        claim = KeyClaim.model_validate_json(
            lab.store.get(object_keys.watch_claims(watch_id, *digests))
        )
        state.write_open(claim.model_copy(update={"outcome": None}))  # as a killed watcher does
        state.release(claim)
    outbox = inbox.parent / "outbox"
    for path in outbox.iterdir():
        path.unlink()

    once(lab, inbox)

    for key in ("salary of ann.pdf", "bob.pdf"):
        assert json.loads((outbox / f"{key}.json").read_text())["source"]["name"] == key


def test_a_watcher_converts_nothing_again_after_an_upgrade(lab: Lab, inbox: Path) -> None:
    (inbox / "a").mkdir()
    (inbox / "a" / "pagefleet.toml").write_text('task = "free-ocr"')
    for key in ("x.pdf", "a/y.pdf", "open.pdf"):
        (inbox / key).write_bytes(document(f"upgrade {key}"))
    delivered = once(lab, inbox).events
    watch_id = lab.plan(source=str(inbox)).route.watch_id
    for name in list(lab.store.list(f"watch/{watch_id}/")):
        claim = KeyClaim.model_validate_json(lab.store.get(name))
        old = claim.model_copy(update={"options": claim.options[:12]})
        is_open = claim.key == "open.pdf"
        write_old_claim(lab.store, watch_id, old, is_open=is_open)
        lab.store.delete([name])

    recorder = once(lab, inbox)

    assert len(delivered) == 6
    assert recorder.names() == [("delivered", "open.pdf")]
    assert list(lab.store.list(f"watch/{watch_id[:16]}/")) == []
    assert once(lab, inbox).events == []
