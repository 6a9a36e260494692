"""The trigger for Amazon S3: notifications through SQS (moto), and the AWS template."""

import importlib
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from producer.watching.timings import WatchTimings
from producer.watching.triggers.bucket_events import (
    BucketEvent,
    NotABucketEvent,
    read_bucket_events,
)
from shared.storage.sqs_client import EventQueue, Message
from tests.support.fleets.fleet import wait_until
from tests.support.fleets.watch_lab import (
    EventRecorder,
    Lab,
    document,
    wait_until_events_arrive,
)
from tests.support.paths import ROOT
from tests.support.servers.moto_server import REGION, Moto

#: SQS is polled in short requests, so that watchers stop soon.
TIMINGS = WatchTimings(sqs_wait_s=1)
TEMPLATE = ROOT / "infra" / "aws" / "watch.yaml"


def linter(module: str) -> Any:
    """A module of cfn-lint, whose import takes seconds; every test process collects this file."""
    return importlib.import_module(f"cfnlint.{module}")


@pytest.fixture
def lab(folder_fleet: Lab) -> Lab:
    """A new inbox in moto's bucket."""
    return replace(folder_fleet, root=f"events-{time.monotonic_ns()}", timings=TIMINGS)


class Queue:
    """A queue that receives the events of an inbox, and its dead-letter queue."""

    def __init__(self, moto: Moto, lab: Lab, visible_after_s: int = 30) -> None:
        self.sqs = moto.client("sqs")
        self.dead = self._make(f"{lab.root}-dead", {})
        redrive = {"deadLetterTargetArn": self._arn(self.dead), "maxReceiveCount": "2"}
        attributes = {
            "VisibilityTimeout": str(visible_after_s),
            "RedrivePolicy": json.dumps(redrive),
        }
        self.url = self._make(lab.root, attributes)
        prefix = {"Name": "prefix", "Value": f"{lab.root}/inbox/"}
        moto.client("s3").put_bucket_notification_configuration(
            Bucket=lab.bucket_name,
            NotificationConfiguration={
                "QueueConfigurations": [
                    {
                        "QueueArn": self._arn(self.url),
                        "Events": ["s3:ObjectCreated:*"],
                        "Filter": {"Key": {"FilterRules": [prefix]}},
                    }
                ]
            },
        )

    def send(self, body: object) -> None:
        """Send a message to the queue."""
        text = body if isinstance(body, str) else json.dumps(body)
        self.sqs.send_message(QueueUrl=self.url, MessageBody=text)

    def messages(self, url: str | None = None) -> int:
        """The number of messages, visible and hidden ones."""
        return self._count("ApproximateNumberOfMessages", url) + self.hidden_messages(url)

    def hidden_messages(self, url: str | None = None) -> int:
        """The number of messages that a watcher received and did not delete."""
        return self._count("ApproximateNumberOfMessagesNotVisible", url)

    def _count(self, name: str, url: str | None) -> int:
        answer = self.sqs.get_queue_attributes(QueueUrl=url or self.url, AttributeNames=[name])
        return int(answer["Attributes"][name])

    def _make(self, name: str, attributes: dict[str, str]) -> str:
        return str(self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def _arn(self, url: str) -> str:
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])


@pytest.fixture
def events(moto: Moto, lab: Lab) -> Queue:
    """A queue with the events of the test's inbox; its first message is the test event of S3."""
    return Queue(moto, lab)


@pytest.fixture
def watching(lab: Lab, events: Queue) -> Iterator[EventRecorder]:
    """A watcher that scans only at its start, so only events report later objects."""
    with lab.watching(**by_queue(events)) as recorder:
        yield recorder


def by_queue(events: Queue) -> dict[str, Any]:
    """Options of a watcher that scans only at its start."""
    return {"trigger_options": {"queue_url": events.url}, "period_s": 3600.0}


def record(lab: Lab, key: str, name: str = "ObjectCreated:Put") -> dict[str, Any]:
    entry = {"bucket": {"name": lab.bucket_name}, "object": {"key": f"{lab.root}/inbox/{key}"}}
    return {"eventName": name, "s3": entry}


def test_an_event_queues_a_job_within_two_seconds(
    watching: EventRecorder, lab: Lab, events: Queue
) -> None:
    lab.drop("first.pdf", document("first"))
    watching.wait_for("queued", "first.pdf")

    dropped = time.monotonic()
    lab.drop("a b/ü+%.pdf", document("by event"))
    queued = watching.wait_for("queued", "a b/ü+%.pdf")

    assert queued["at"] - dropped < 2.0
    watching.wait_for("delivered", "a b/ü+%.pdf")
    wait_until(lambda: events.messages() == 0)
    assert watching.warnings == []


def test_batches_duplicates_and_events_of_other_objects_queue_each_document_once(
    watching: EventRecorder, lab: Lab, events: Queue
) -> None:
    for name in ("one", "two"):
        lab.drop(f"{name}.pdf", document(name))
    batch = [record(lab, "one.pdf"), record(lab, "two.pdf"), record(lab, "never-there.pdf")]
    events.send({"Records": batch})
    events.send({"Records": batch})
    events.send({"Records": [record(lab, "one.pdf", "ObjectRemoved:Delete")]})
    events.send({"Records": [{**record(lab, "x"), "s3": {"bucket": {"name": "other"},
                "object": {"key": "inbox/x.pdf"}}}]})  # fmt: skip
    events.send({"Records": [record(lab, "folder/")]})

    for name in ("one", "two"):
        watching.wait_for("delivered", f"{name}.pdf")
    wait_until(lambda: events.messages() == 0)

    queued = [event["key"] for event in watching.events if event["event"] == "queued"]
    assert sorted(queued) == ["one.pdf", "two.pdf"]


def test_events_through_event_bridge_and_sns_are_parsed(
    watching: EventRecorder, lab: Lab, events: Queue, moto: Moto
) -> None:
    moto.client("s3").put_bucket_notification_configuration(
        Bucket=lab.bucket_name, NotificationConfiguration={}
    )
    for name in ("bridge", "topic"):
        lab.drop(f"{name} 1.pdf", document(name))
    detail = record(lab, "bridge 1.pdf")["s3"]
    events.send({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})
    by_topic = {"Records": [record(lab, "topic+1.pdf")]}
    events.send({"Type": "Notification", "Message": json.dumps(by_topic)})

    watching.wait_for("delivered", "bridge 1.pdf")
    watching.wait_for("delivered", "topic 1.pdf")


def test_a_message_that_can_not_be_parsed_goes_to_the_dead_letter_queue(
    lab: Lab, events: Queue
) -> None:
    lab = replace(lab, timings=replace(TIMINGS, sqs_visibility_s=1))
    events.send("{not json")
    with lab.watching(**by_queue(events)) as recorder:
        wait_until(lambda: events.messages(events.dead) == 1, 30)
    assert any("not an event" in warning for warning in recorder.warnings)


def test_a_message_with_a_key_that_can_not_be_used_goes_to_the_dead_letter_queue(
    lab: Lab, events: Queue
) -> None:
    lab = replace(lab, timings=replace(TIMINGS, sqs_visibility_s=1))
    events.send({"Records": [record(lab, "n" * 1100), record(lab, "never-there.pdf")]})
    events.send({"Records": [record(lab, "zero\0.pdf")]})
    with lab.watching(**by_queue(events)) as recorder:
        wait_until(lambda: events.messages(events.dead) == 2, 60)
        wait_until(lambda: events.messages() == 0)
        lab.drop("x.pdf", document("after the bad ones"))
        recorder.wait_for("delivered", "x.pdf")
    assert any("can't be the key" in warning for warning in recorder.warnings)


def test_a_message_stays_hidden_until_its_job_is_recorded_and_is_then_deleted(
    lab: Lab, events: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = replace(lab, timings=replace(TIMINGS, sqs_visibility_s=3, sqs_extend_every_s=1.0))
    deleted: list[float] = []
    delete = EventQueue.delete

    def record_and_delete(queue: EventQueue, message: Message) -> None:
        deleted.append(time.monotonic())
        delete(queue, message)

    monkeypatch.setattr(EventQueue, "delete", record_and_delete)
    with lab.watching(**by_queue(events), settle_s=6.0) as recorder:
        wait_until(lambda: events.messages() == 0)  # the test event of S3
        deleted.clear()
        lab.drop("slow.pdf", document("slow"))
        queued = recorder.wait_for("queued", "slow.pdf")
        wait_until(lambda: deleted)

    assert deleted[0] >= queued["at"]
    # The settle time is twice the visibility time, so one receipt needs extensions.
    assert len(deleted) == 1
    assert events.messages(events.dead) == 0


def test_the_next_watcher_receives_the_message_that_a_stopped_watcher_held(
    lab: Lab, events: Queue
) -> None:
    lab = replace(lab, timings=replace(TIMINGS, sqs_visibility_s=2))
    with lab.watching(**by_queue(events), settle_s=30.0):
        wait_until(lambda: events.messages() == 0)
        lab.drop("x.pdf", document("handed on"))
        wait_until(lambda: events.hidden_messages() == 1)  # received, but not ingested for 30 s

    with lab.watching(**by_queue(events)) as other:
        other.wait_for("delivered", "x.pdf")
        wait_until(lambda: events.messages() == 0)


def test_polling_finds_an_object_without_an_event(lab: Lab, events: Queue, moto: Moto) -> None:
    with lab.watching(**{**by_queue(events), "period_s": 1.0}) as recorder:
        moto.client("sqs").purge_queue(QueueUrl=events.url)
        moto.client("s3").put_bucket_notification_configuration(
            Bucket=lab.bucket_name, NotificationConfiguration={}
        )
        lab.drop("no event.pdf", document("no event"))
        recorder.wait_for("delivered", "no event.pdf")


MINIO = {
    "EventName": "s3:ObjectCreated:Put",
    "Key": "drops/inbox/a b.pdf",
    "Records": [
        {
            "eventVersion": "2.0", "eventSource": "minio:s3", "awsRegion": "",
            "eventTime": "2026-01-01T00:00:00.000Z", "eventName": "s3:ObjectCreated:Put",
            "s3": {
                "s3SchemaVersion": "1.0", "configurationId": "Config",
                "bucket": {"name": "drops", "arn": "arn:aws:s3:::drops"},
                "object": {"key": "inbox%2Fa+b.pdf", "size": 3, "eTag": "x", "sequencer": "1"},
            },
        }
    ],
}  # fmt: skip
CEPH = {
    "Records": [
        {
            "eventVersion": "2.1", "eventSource": "ceph:s3", "awsRegion": "us-east-1",
            "eventName": "ObjectCreated:Put",
            "s3": {
                "bucket": {"name": "drops", "id": "1"},
                "object": {"key": "inbox/a b.pdf", "size": "3", "eTag": "x", "versionId": ""},
            },
            "eventId": "", "opaqueData": "",
        }
    ]
}  # fmt: skip


@pytest.mark.parametrize("body", [MINIO, CEPH])
def test_events_of_minio_and_ceph_name_the_object(body: dict[str, Any]) -> None:
    assert BucketEvent("drops", "inbox/a b.pdf") in read_bucket_events(json.dumps(body))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "3", '"x"', "{}", '{"Records": 3}', '{"Records": [{}]}', "[" * 100_000,
     '{"Type": "Notification", "Message": "no"}', '{"detail-type": "Object Created"}',
     '{"event_type": "create"}'],
)  # fmt: skip
def test_any_other_text_raises_only_not_a_bucket_event(text: str) -> None:
    with pytest.raises(NotABucketEvent):
        read_bucket_events(text)


def bucket_properties(values: dict[str, Any], outputs: dict[str, str]) -> dict[str, Any]:
    """Properties of the template's bucket, with conditions and references resolved."""
    template, problems = linter("decode").decode_str(TEMPLATE.read_text())
    assert not problems
    queue = outputs["QueueUrl"].rpartition("/")[2]
    drops = f"arn:aws:sqs:{REGION}:123456789012:{queue}"
    conditions = {
        "BySqs": values["EventsBy"] == "sqs",
        "ByEventBridge": values["EventsBy"] == "eventbridge",
    }

    def resolved(part: Any) -> Any:
        if isinstance(part, list):
            return [resolved(each) for each in part]
        if not isinstance(part, dict):
            return part
        if "Fn::If" in part:
            condition, yes, no = part["Fn::If"]
            return resolved(yes if conditions[condition] else no)
        if "Fn::GetAtt" in part:
            return drops
        if "Ref" in part:
            return values.get(part["Ref"])
        return {name: resolved(each) for name, each in part.items()}

    properties: dict[str, Any] = resolved(template["Resources"]["Bucket"]["Properties"])
    return properties


def put_properties(s3: Any, name: str, bucket: dict[str, Any]) -> None:
    """Set the properties of a bucket through the API."""
    notifications = bucket["NotificationConfiguration"]
    queues = [
        {
            "QueueArn": each["Queue"],
            "Events": [each["Event"]],
            "Filter": {"Key": {"FilterRules": each["Filter"]["S3Key"]["Rules"]}},
        }
        for each in notifications["QueueConfigurations"] or ()
    ]
    by_bridge: dict[str, Any] = (
        {"EventBridgeConfiguration": {}} if notifications["EventBridgeConfiguration"] else {}
    )
    s3.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"QueueConfigurations": queues, **by_bridge}
    )
    rules = [
        {
            "ID": rule["Id"],
            "Status": rule["Status"],
            "Filter": {"Prefix": rule.get("Prefix", "")},
            **(
                {"Expiration": {"Days": int(rule["ExpirationInDays"])}}
                if "ExpirationInDays" in rule
                else {
                    "AbortIncompleteMultipartUpload": {
                        "DaysAfterInitiation": int(
                            rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
                        )
                    }
                }
            ),
        }
        for rule in bucket["LifecycleConfiguration"]["Rules"]
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})


@pytest.mark.parametrize("by", ["sqs", "eventbridge"])
def test_a_watcher_receives_events_of_the_bucket_of_the_aws_template(
    moto: Moto, folder_fleet: Lab, by: str
) -> None:
    formation, name = moto.client("cloudformation"), f"drop-bucket-{by}"
    values = {"BucketName": name, "EventsBy": by}
    formation.create_stack(
        StackName=name,
        TemplateBody=TEMPLATE.read_text(),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    (stack,) = formation.describe_stacks(StackName=name)["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    lab = replace(folder_fleet, bucket_name=name, root="", timings=TIMINGS)
    # CloudFormation of moto creates a bucket without its notifications and lifecycle.
    bucket = bucket_properties({**values, "Inbox": "inbox/", "KeepSourcesDays": 30}, outputs)
    put_properties(moto.client("s3"), name, bucket)
    source, to = f"s3://{name}/inbox/", f"s3://{name}/outbox/"
    assert f"pagefleet watch {source} --to {to}" in outputs["Watch"]

    queue = outputs["QueueUrl"].rpartition("/")[2]
    url = moto.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
    plan = {"source": source, "to": to, "trigger_options": {"queue_url": url}, "period_s": 3600.0}
    with lab.watching(**plan) as recorder:

        def drop(key: str, data: bytes = b"no document") -> None:
            lab.bucket.write(f"inbox/{key}", data, "application/pdf")

        wait_until_events_arrive(recorder, drop)
        drop("a/x.pdf", document(f"by template {by}"))
        recorder.wait_for("delivered", "a/x.pdf")

    names = ["RedrivePolicy"]
    answer = moto.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    assert json.loads(answer["Attributes"]["RedrivePolicy"])["maxReceiveCount"] == 5


def test_the_linter_reports_nothing_for_the_aws_template() -> None:
    assert [
        str(match) for match in linter("api").lint(TEMPLATE.read_text(), regions=[REGION])
    ] == []
