"""Asks the probes of worker processes throughout a test, as an orchestrator does."""

import http.client
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

#: Seconds between two rounds, after which an answer is late, and after which none is awaited.
PERIOD_S, LATE_S, TIMEOUT_S = 0.5, 1.0, 5.0
#: Findings of one process that are kept; a process that is stuck would give one each round.
KEPT = 3
#: Answers in a row by which a process is condemned; one that was paused needs a moment.
IN_A_ROW = 6


@dataclass(frozen=True)
class Answer:
    """One answer; ``at_s`` counts from the start of the prober; status 0: none came in time."""

    at_s: float
    status: int
    took_s: float
    text: str = ""


@dataclass
class Probed:
    """The answers of one process."""

    live: list[Answer] = field(default_factory=list)
    ready: list[Answer] = field(default_factory=list)
    metrics: list[Answer] = field(default_factory=list)


class Prober:
    """Asks ``/livez``, ``/readyz`` and ``/metrics`` of each process, by name, on its port."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self.probed: dict[str, Probed] = {}
        self._ports = ports
        self._began = time.monotonic()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Ask from now on."""
        for name, port in self._ports.items():
            self.add(name, port)

    def add(self, name: str, port: int) -> None:
        """Ask one more process from now on."""
        probed = self.probed[name] = Probed()
        thread = threading.Thread(target=self._probe, args=(port, probed), daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(TIMEOUT_S * 3)

    def now(self) -> float:
        """Seconds since the prober was made; the clock of ``Answer.at_s``."""
        return time.monotonic() - self._began

    def findings(self) -> list[str]:
        """Answers that would have an orchestrator kill a process, and answers that were late."""
        return [
            f"{path} of {name} at {bad.at_s:.0f} s: status {bad.status} after {bad.took_s:.1f} s"
            f" {bad.text}".rstrip()
            for name, probed in self.probed.items()
            for path, answers in (("/livez", probed.live), ("/readyz", probed.ready),
                                  ("/metrics", probed.metrics))
            for bad in _bad(path, answers)[:KEPT]
        ]  # fmt: skip

    def condemned(self) -> list[str]:
        """Processes that said several times in a row that they are dead, as probes count it."""
        return [
            f"/livez of {name} at {bad.at_s:.0f} s: {bad.text}"
            for name, probed in self.probed.items()
            for bad in _lasting(probed.live)
        ]

    def not_ready_after_s(self, since: float) -> dict[str, float | None]:
        """Seconds from ``since`` until each process said that it is not ready; None: it did not."""
        return {
            name: next((a.at_s - since for a in probed.ready if _is_unready(a, since)), None)
            for name, probed in self.probed.items()
        }

    def _probe(self, port: int, probed: Probed) -> None:
        while not self._stopped.wait(PERIOD_S):
            probed.live.append(self._ask(port, "/livez"))
            probed.ready.append(self._ask(port, "/readyz"))
            probed.metrics.append(self._ask(port, "/metrics"))

    def _ask(self, port: int, path: str) -> Answer:
        began, at_s = time.monotonic(), self.now()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            body, status = reply.read(), reply.status
        except (OSError, http.client.HTTPException) as error:
            return Answer(at_s, 0, time.monotonic() - began, type(error).__name__)
        finally:
            connection.close()
        text = "" if path == "/metrics" else body.decode(errors="replace").strip()
        return Answer(at_s, status, time.monotonic() - began, text)


@contextmanager
def probing(ports: Mapping[str, int]) -> Iterator[Prober]:
    """A prober that asks while the block runs."""
    prober = Prober(ports)
    prober.start()
    try:
        yield prober
    finally:
        prober.stop()


def _bad(path: str, answers: list[Answer]) -> list[Answer]:
    """Wrong answers, and late ones that follow a late one: the machine itself may be slow once."""
    allowed = (200, 503) if path == "/readyz" else (200,)
    late = [answer.took_s > LATE_S for answer in answers]
    return [
        answer
        for number, answer in enumerate(answers)
        if answer.status not in allowed or (number and late[number] and late[number - 1])
    ]


def _lasting(answers: list[Answer]) -> list[Answer]:
    """The last of the first ``IN_A_ROW`` answers in a row with status 503; empty if none."""
    row = 0
    for answer in answers:
        row = row + 1 if answer.status == 503 else 0
        if row == IN_A_ROW:
            return [answer]
    return []


def _is_unready(answer: Answer, since: float) -> bool:
    return answer.at_s >= since and answer.status == 503
