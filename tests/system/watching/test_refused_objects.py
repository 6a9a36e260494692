"""A dropped object that the service refuses to read ends with a reason and delays no other one."""

import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest

from producer.watching.timings import WatchTimings
from producer.watching.watcher import INGEST_THREADS
from tests.support.fleets.fleet import wait_until
from tests.support.fleets.watch_lab import Lab, document
from tests.support.servers.moto_server import Moto
from tests.support.servers.stripping_proxy import without_headers

AT_ONCE = WatchTimings(unreadable_s=0.0)


@pytest.fixture
def lab(folder_fleet: Lab) -> Lab:
    """A new, empty inbox in a bucket."""
    return replace(folder_fleet, root=secrets.token_hex(4))


@pytest.fixture
def denied(lab: Lab) -> Iterator[Lab]:
    """The same inbox through a service that refuses one object of it."""
    endpoint = lab.settings.s3_endpoint_url
    assert endpoint is not None
    with without_headers(endpoint, (), denied="/inbox/locked") as proxy:
        yield replace(lab, settings=lab.settings.model_copy(update={"s3_endpoint_url": proxy}))


def archive(lab: Lab, moto: Moto, key: str) -> None:
    """Drop an object of a storage class whose objects can't be read."""
    moto.client("s3").put_object(
        Bucket=lab.bucket_name,
        Key=f"{lab.root}/inbox/{key}",
        Body=document(key),
        StorageClass="GLACIER",
    )


def test_a_refused_object_is_tried_again_later_while_others_are_converted(
    lab: Lab, moto: Moto
) -> None:
    cold = {f"cold{number}.pdf" for number in range(INGEST_THREADS + 1)}
    for key in cold:
        archive(lab, moto, key)
    lab.drop("warm.pdf", document("warm"))

    recorder = lab.once()

    assert [name for name, _ in recorder.names()] == ["delivered", "queued"]
    assert {key for key in cold for line in recorder.warnings if key in line} == cold
    assert lab.keys("outbox") == ["warm.pdf.json", "warm.pdf.md"]


def test_a_refused_object_is_given_up_with_a_reason(lab: Lab, moto: Moto) -> None:
    archive(lab, moto, "cold.pdf")
    lab.once()  # the watch remembers the first refusal beyond its end

    recorder = replace(lab, timings=AT_ONCE).once()

    assert recorder.names() == [("refused", "cold.pdf")]
    error = lab.status("cold.pdf")["error"]
    assert error["code"] == "unsupported"
    assert "refuses to read it" in error["message"]
    assert lab.keys("inbox") == ["cold.pdf"]
    assert lab.once().events == []


def test_an_object_whose_facts_are_refused_too_stops_no_scan(denied: Lab) -> None:
    denied.drop("locked.pdf", document("locked"))
    denied.once()
    denied.drop("b.pdf", document("free"))

    with replace(denied, timings=WatchTimings(unreadable_s=1.0)).watching() as recorder:
        recorder.wait_for("delivered", "b.pdf")
        wait_until(lambda: recorder.about("locked.pdf", "refused"))

    assert denied.status("locked.pdf")["error"]["code"] == "unsupported"
