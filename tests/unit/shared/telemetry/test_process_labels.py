"""Every metric of a process carries the process's labels."""

from prometheus_client import CollectorRegistry, Counter, generate_latest

from shared.telemetry.process_labels import ProcessLabels


def text(labels: ProcessLabels) -> str:
    return generate_latest(labels).decode()


def test_every_sample_gets_the_labels_and_keeps_its_own() -> None:
    registry = CollectorRegistry()
    labels = ProcessLabels(registry)
    Counter("pages", "Pages.", ["status"], registry=registry).labels("ok").inc()
    labels.add(fleet="a")

    labels.add(pool="cpu")

    assert 'pages_total{fleet="a",pool="cpu",status="ok"} 1.0' in text(labels)


def test_a_label_of_the_sample_wins() -> None:
    registry = CollectorRegistry()
    labels = ProcessLabels(registry)
    Counter("pages", "Pages.", ["pool"], registry=registry).labels("vllm").inc()

    labels.add(pool="cpu")

    assert 'pages_total{pool="vllm"} 1.0' in text(labels)


def test_the_registry_itself_is_unchanged() -> None:
    registry = CollectorRegistry()
    labels = ProcessLabels(registry)
    Counter("pages", "Pages.", registry=registry).inc()
    labels.add(fleet="a")

    assert "fleet" in text(labels)
    assert "fleet" not in generate_latest(registry).decode()
