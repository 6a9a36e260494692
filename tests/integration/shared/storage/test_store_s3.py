"""The S3 store: refusals, silent services and bodies that break off."""

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from shared.config.settings import Settings
from shared.domain.errors import (
    NotADocument,
    NotFound,
    PagefleetError,
    StoreFull,
    StoreUnreachable,
    TooLarge,
    UsageError,
)
from shared.jobs.job_store import JobStore
from shared.jobs.purging import purge
from shared.storage import s3_client, s3_clock
from shared.storage.factory import download_uri, list_uri, open_store, open_uri
from shared.storage.store import ObjectStore
from shared.storage.store_s3 import CONFLICT_PAUSES_S, S3Store
from tests.support.documents.digests import file_digest
from tests.support.fleets.stored_jobs import ended_job
from tests.support.servers.processes import S3Server, start_s3
from tests.support.servers.stripping_proxy import without_headers

SettingsFactory = Callable[..., Settings]
WHOLE = b"0123456789" * 10_000


class FaultyS3(BaseHTTPRequestHandler):
    """Answers as the test requests: one entry of ``script`` for each request."""

    protocol_version = "HTTP/1.1"
    script: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        step = self.script.pop(0) if self.script else "whole"
        if step == "hang":
            time.sleep(30)
        body = WHOLE[: len(WHOLE) // 2] if step == "half" else WHOLE
        self.send_response(503 if step == "503" else 200)
        self.send_header("Content-Length", str(len(WHOLE)))
        self.send_header("ETag", '"e"')
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status = int(self.script.pop(0)) if self.script else 200
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self) -> None:
        there = self.script[:1] == ["there"]
        if there:
            self.script.pop(0)
        self.send_response(200 if there else 404)
        self.send_header("Content-Length", "1" if there else "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(autouse=True)
def fresh_clients() -> Iterator[None]:
    """Tests here change credentials, which clients cache."""
    s3_client.forget_clients()
    yield
    s3_client.forget_clients()


@pytest.fixture
def faulty_store(
    settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ObjectStore]:
    """A store whose service follows ``FaultyS3.script``."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test-user")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    FaultyS3.script = []
    with ThreadingHTTPServer(("127.0.0.1", 0), FaultyS3) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        options = s3_client.options_of(settings(s3_endpoint_url=url))
        yield S3Store("bucket", "x", replace(options, attempts=2))
        server.shutdown()
        thread.join()


def error_message(call: Callable[[], object], kind: type[PagefleetError] = StoreUnreachable) -> str:
    """The one-line message of the error that ``call`` raises."""
    with pytest.raises(kind) as raised:
        call()
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_an_object_whose_body_breaks_off_once_is_read_again(
    faulty_store: ObjectStore, tmp_path: Path
) -> None:
    FaultyS3.script = ["half", "whole", "half", "half", "whole"]

    assert faulty_store.get("a") == WHOLE
    faulty_store.download("a", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == WHOLE


def test_an_object_whose_body_always_breaks_off_leaves_no_partial_file(
    faulty_store: ObjectStore, tmp_path: Path
) -> None:
    FaultyS3.script = ["half"] * 6

    assert "broke off in the middle of s3://bucket/x/a" in error_message(
        lambda: faulty_store.download("a", tmp_path / "out")
    )
    assert "broke off" in error_message(lambda: faulty_store.get("a"))
    assert list(tmp_path.glob("*out*")) == []


def test_a_few_errors_of_the_service_are_retried(faulty_store: ObjectStore) -> None:
    FaultyS3.script = ["503", "whole"]

    assert faulty_store.get("a") == WHOLE


def test_lasting_errors_of_the_service_are_reported(faulty_store: ObjectStore) -> None:
    FaultyS3.script = ["503"] * 9

    assert "the service has an internal error" in error_message(lambda: faulty_store.get("a"))


def test_a_conflict_of_two_writers_is_retried(faulty_store: ObjectStore) -> None:
    FaultyS3.script = ["409", "409", "200"]
    assert faulty_store.put_new("a", b"x")

    FaultyS3.script = ["412", "200"]
    assert faulty_store.put_new("a", b"x"), "there was no object, despite the refusal"

    FaultyS3.script = ["409", "412", "there"]
    assert not faulty_store.put_new("a", b"x")


def test_a_failed_precondition_for_a_missing_object_is_retried(
    faulty_store: ObjectStore,
) -> None:
    FaultyS3.script = ["412", "200"]

    assert faulty_store.put_new("a", b"x")


def test_a_conflict_without_end_is_reported(
    faulty_store: ObjectStore,
) -> None:
    FaultyS3.script = ["409"] * (len(CONFLICT_PAUSES_S) + 1)

    assert "conflict" in error_message(lambda: faulty_store.put_new("a", b"x"))


def test_a_service_that_accepts_connections_and_is_silent_is_reported_soon(
    s3_settings: SettingsFactory,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        options = s3_client.options_of(s3_settings(s3_endpoint_url=url))
        store = S3Store("bucket", "x", replace(options, probe_s=1.0))
        started = time.monotonic()

        assert f"{url} does not answer" in error_message(store.check)
        assert time.monotonic() - started < 10


def test_a_killed_service_is_reported_within_bounds(
    s3_settings: SettingsFactory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = start_s3(tmp_path)
    try:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        store = open_store(s3_settings(s3_endpoint_url=server.endpoint))
        store.put("a", b"x")
        server.stop()
        started = time.monotonic()

        assert "does not answer" in error_message(store.check)
        assert time.monotonic() - started < 10
        assert "does not answer" in error_message(lambda: store.get("a"))
        assert "PAGEFLEET_S3_ENDPOINT_URL" in error_message(lambda: store.put_new("b", b"y"))
        assert time.monotonic() - started < 60
    finally:
        server.stop()


def test_wrong_credentials_are_reported_without_showing_them(
    s3_settings: SettingsFactory, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    store = open_store(s3_settings())

    for call in (store.check, lambda: store.get("a"), lambda: store.put("a", b"")):
        message = error_message(call)
        assert "AWS_SECRET_ACCESS_KEY" in message
        assert "not-the-secret" not in message
        assert s3_server.access_key not in message


def test_an_unknown_access_key_is_reported(
    s3_settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unknown-person")

    message = error_message(open_store(s3_settings()).check)

    assert "AWS_ACCESS_KEY_ID" in message
    assert "unknown-person" not in message


def test_missing_credentials_are_reported(
    s3_settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    assert "no credentials" in error_message(open_store(s3_settings()).check)


def test_a_missing_bucket_is_reported(s3_settings: SettingsFactory, tmp_path: Path) -> None:
    store = open_store(s3_settings(store="s3://no-such-bucket/x"))

    for call in (
        store.check,
        lambda: store.get("a"),
        lambda: store.put("a", b""),
        lambda: store.put_new("a", b""),
        lambda: store.download("a", tmp_path / "out"),
        lambda: list(store.list("jobs/")),
    ):
        assert "s3://no-such-bucket" in error_message(call)
        assert "bucket does not exist; create it" in error_message(call)


def test_an_invalid_endpoint_is_a_usage_error(s3_settings: SettingsFactory) -> None:
    store = open_store(s3_settings(s3_endpoint_url="not a url"))

    assert "PAGEFLEET_S3_ENDPOINT_URL" in error_message(store.check, UsageError)


def test_stores_in_one_bucket_do_not_see_each_other(s3_settings: SettingsFactory) -> None:
    root = s3_settings().store_url
    near, far = (open_uri(f"{root}/{name}", s3_settings()) for name in ("a", "a-2"))
    near.put("x", b"near")
    far.put("y", b"far")

    assert list(near.list("")) == ["x"]
    assert list(far.list("")) == ["y"]


def test_a_copy_within_the_service_downloads_nothing(s3_settings: SettingsFactory) -> None:
    inbox = open_uri(f"{s3_settings().store_url}/inbox", s3_settings())
    store = open_store(s3_settings())
    inbox.put("bücher/a b%20+.pdf", WHOLE)

    assert store.copy_from(f"{inbox.url}/bücher/a b%20+.pdf", "jobs/a/source.pdf")
    assert store.get("jobs/a/source.pdf") == WHOLE
    assert not store.copy_from(f"{inbox.url}/missing.pdf", "jobs/b/source.pdf")
    assert not store.copy_from("file:///etc/passwd", "jobs/b/source.pdf")
    assert not store.exists("jobs/b/source.pdf")


def test_inputs_in_any_bucket_of_the_service_are_listed_and_read(
    s3_settings: SettingsFactory, tmp_path: Path
) -> None:
    settings = s3_settings()
    inbox = open_uri(f"{settings.store_url}/inbox", settings)
    names = ["a b%20+.pdf", "über/x.pdf", "z.pdf"]
    for name in names:
        inbox.put(name, name.encode())

    found = list(list_uri(f"{inbox.url}/", settings))

    assert sorted(each.uri for each in found) == [f"{inbox.url}/{name}" for name in sorted(names)]
    for each in found:
        read = download_uri(each.uri, tmp_path / "out", 100, settings)
        assert read == each
        assert (tmp_path / "out").read_bytes().decode() == each.uri.removeprefix(inbox.url + "/")
        assert each.size == (tmp_path / "out").stat().st_size


def test_an_input_that_can_not_be_read_is_refused_with_the_reason(
    s3_settings: SettingsFactory, tmp_path: Path
) -> None:
    settings, out = s3_settings(), tmp_path / "out"
    open_store(settings).put("a.pdf", WHOLE)
    uri = f"{settings.store_url}/a.pdf"

    assert "at most 99999" in error_message(
        lambda: download_uri(uri, out, 99_999, settings), TooLarge
    )
    missing = f"{settings.store_url}/b.pdf"
    assert missing in error_message(lambda: download_uri(missing, out, 1, settings), NotFound)
    error_message(lambda: download_uri("s3://bucket", out, 1, settings), UsageError)
    error_message(lambda: download_uri("s3://bucket/folder/", out, 1, settings), UsageError)
    assert not out.exists()
    assert download_uri(uri, out, 100_000, settings).size == 100_000


def test_a_file_larger_than_one_request_is_uploaded_in_parts(
    s3_settings: SettingsFactory, tmp_path: Path
) -> None:
    store = open_store(s3_settings())
    with (tmp_path / "in").open("wb") as file:
        file.truncate(s3_client.UPLOAD.multipart_threshold + 12_345)
        file.write(b"start")

    store.put_file("source.pdf", tmp_path / "in", file_digest(tmp_path / "in"))
    store.download("source.pdf", tmp_path / "out")

    assert (tmp_path / "in").read_bytes() == (tmp_path / "out").read_bytes()


def test_a_writer_that_dies_before_its_first_byte_leaves_no_empty_object(
    s3_settings: SettingsFactory, s3_server: S3Server
) -> None:
    relay = socket.create_server(("127.0.0.1", 0))
    made = s3_settings()
    store = open_store(made)
    through = open_store(
        made.model_copy(
            update={"s3_endpoint_url": f"http://127.0.0.1:{relay.getsockname()[1]}"},
        )
    )

    def pass_on_headers_only() -> None:
        for _ in range(2):
            client, _ = relay.accept()
            with client, socket.create_connection(("127.0.0.1", s3_server.port)) as upstream:
                head = client.recv(65536).split(b"\r\n\r\n")[0]
                upstream.sendall(head.replace(b"Expect: 100-continue\r\n", b"") + b"\r\n\r\n")
        relay.close()

    thread = Thread(target=pass_on_headers_only)
    thread.start()
    with pytest.raises(StoreUnreachable):
        through.put_new("jobs/a", b"text")
    thread.join()

    assert store.put_new("jobs/a", b"text") is True


@pytest.mark.parametrize("hours", [5, -5])
def test_a_machine_whose_clock_is_hours_off_can_read_and_write(
    s3_store: ObjectStore, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    monkeypatch.setattr(s3_clock, "_behind", None)
    right = vars(s3_clock)["machine_time"]
    off = timedelta(hours=hours)
    monkeypatch.setattr(s3_clock, "machine_time", lambda **words: right(**words) + off)

    assert not s3_store.exists("a")  # this refusal has no body
    assert s3_store.put_new("a", b"1")

    monkeypatch.setattr(s3_clock, "machine_time", right)  # and now it was set
    assert s3_store.get("a") == b"1"


@pytest.mark.parametrize(
    "code", ["QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"]
)
def test_a_job_can_be_purged_although_the_quota_is_used_up(
    s3_settings: SettingsFactory, code: str
) -> None:
    made = s3_settings()
    jobs = JobStore(open_store(made))
    job_id = ended_job(jobs, [{}, {}]).job_id
    body = f"<Error><Code>{code}</Code><Message>no room</Message></Error>".encode()
    with without_headers(str(made.s3_endpoint_url), [], refusal=body) as endpoint:
        full = open_store(made.model_copy(update={"s3_endpoint_url": endpoint}))
        assert "free some space" in error_message(lambda: full.put("a/b", b"x"), StoreFull)

        purge(JobStore(full), job_id)

    assert [*jobs.store.list("jobs/"), *jobs.store.list("open/")] == []


def test_a_full_service_is_distinguished_from_an_unreachable_one(faulty_store: ObjectStore) -> None:
    FaultyS3.script = ["507"]

    assert "disks are full; free some space" in error_message(
        lambda: faulty_store.put("a", b""), StoreFull
    )


def test_parts_of_a_large_file_with_another_digest_are_removed(
    s3_settings: SettingsFactory, tmp_path: Path
) -> None:
    store = open_store(s3_settings())
    assert isinstance(store, S3Store)
    with (tmp_path / "in").open("wb") as file:
        file.truncate(s3_client.UPLOAD.multipart_threshold + 12_345)
    expected = file_digest(tmp_path / "in")
    with (tmp_path / "in").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"x")

    with pytest.raises(NotADocument, match="changed while it was stored"):
        store.put_file("source.pdf", tmp_path / "in", expected)

    assert not store.exists("source.pdf")
    client = s3_client.client(store._options)
    assert not client.list_multipart_uploads(Bucket=store._bucket).get("Uploads")
