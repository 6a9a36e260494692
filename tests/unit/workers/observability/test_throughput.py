"""The facts of a worker's heartbeat about its pages."""

from workers.observability.throughput import MAX_FAULT, Throughput
from workers.observability.time_attribution import TimeAttribution


def test_a_fault_is_told_until_a_page_ends() -> None:
    throughput = Throughput(TimeAttribution())
    assert "fault" not in throughput.facts()

    throughput.record_return("x" * 1000)
    assert throughput.facts()["fault"] == "x" * MAX_FAULT

    throughput.count(failed=False, tokens=1)
    assert "fault" not in throughput.facts()
