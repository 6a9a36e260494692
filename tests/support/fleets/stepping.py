"""Runs real code step by step: it pauses before each call to the store or the broker.

A test decides which actor continues and which dies, so that it can play any interleaving of several
processes, one thread at a time, and the same way each time.
"""

import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import redis

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.broker.page_state import Dispatch
from shared.broker.scripts import Scripts
from shared.config.settings import Settings
from shared.domain.records.base import to_json
from shared.domain.records.messages import PageMessage
from shared.storage.store import ObjectStore

STEP_TIMEOUT_S = 60.0
REDUCE_LIST = "test:reduce"


@cache
def client_of(redis_url: str) -> redis.Redis:
    """One client for all fleets of a test process: a connection takes as long as a short run."""
    return redis.Redis.from_url(redis_url, decode_responses=True)


class Died(BaseException):
    """The process that ran this code was killed; no more of its code may run."""


class Actor:
    """One process with one task; ``step`` runs it up to its next call."""

    def __init__(self, owner: str, work: Callable[[], object]) -> None:
        self.owner = owner
        self.ended = False
        #: The call before which it is paused.
        self.call = ""
        self.failure: BaseException | None = None
        self._dying = False
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def step(self) -> None:
        """Run up to the next call or to the end; raises the actor's error."""
        self._go.release()
        assert self._stopped.acquire(timeout=STEP_TIMEOUT_S), (
            f"{self.owner} did not reach its next call"
        )
        if self.failure is not None:
            raise self.failure

    def die(self) -> None:
        """End the actor where it is paused, as SIGKILL would."""
        self._dying = True
        self.step()

    def run_out(self) -> None:
        """Run to the end."""
        while not self.ended:
            self.step()

    def pause(self, call: str = "") -> None:
        """Called before each call to the store or the broker, which ``call`` describes."""
        if threading.current_thread() is not self._thread:
            return  # calls of its helper threads belong to the step that waits for them
        self.call = call
        self._stopped.release()
        self._go.acquire()
        if self._dying:
            raise Died

    def _run(self, work: Callable[[], object]) -> None:
        self._go.acquire()
        try:
            if not self._dying:
                work()
        except Died:
            pass
        except BaseException as error:  # raised in the test by step()
            self.failure = error
        self.ended = True
        self._stopped.release()


class Stage:
    """All actors; a call belongs to the actor whose thread makes it."""

    def __init__(self) -> None:
        self.actors: list[Actor] = []

    def pause(self, call: str = "") -> None:
        """Pause the calling actor; calls from other threads continue."""
        for actor in self.actors:
            actor.pause(call)

    def begin(self, owner: str, work: Callable[[], object]) -> Actor:
        """A new actor, paused before its first step."""
        actor = Actor(owner, work)
        self.actors = [each for each in self.actors if not each.ended] + [actor]
        return actor


class SteppingScripts(Scripts):
    """The real connection to the broker; each round trip is a step."""

    def __init__(self, settings: Settings, stage: Stage) -> None:
        super().__init__(settings)
        self._stage = stage

    def run(self, script: str, *arguments: Any) -> Any:
        """See Scripts."""
        self._stage.pause(script)
        return super().run(script, *arguments)

    def call(self, command: str, *arguments: Any, **options: Any) -> Any:
        """See Scripts."""
        self._stage.pause(command)
        return super().call(command, *arguments, **options)

    def call_many(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """See Scripts."""
        self._stage.pause("call_many")
        return super().call_many(commands)


class SteppingStore:
    """The real store; each request is a step."""

    def __init__(self, store: ObjectStore, stage: Stage) -> None:
        self._store = store
        self._stage = stage

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not callable(found):
            return found

        def called(*arguments: Any, **options: Any) -> Any:
            self._stage.pause(f"{name} {arguments}")
            return found(*arguments, **options)

        return called


class Wire(Dispatcher):
    """Puts messages into the broker's real lists without Celery's envelope."""

    def __init__(self, settings: Settings, dispatch_state: DispatchState, stage: Stage) -> None:
        super().__init__(settings, dispatch_state)
        self._stage = stage
        self._client = client_of(settings.broker_url())
        self.sent: list[PageMessage] = []

    def publish(self, pages: Sequence[Dispatch]) -> None:
        """Each message is a step, so that a crash can come between two of them."""
        for page in pages:
            self._stage.pause()
            self.put(
                PageMessage(job_id=page.job_id, page=page.page, seq=page.seq, queue=page.queue)
            )

    def put(self, message: PageMessage) -> None:
        """Append one message, new or old."""
        self._client.lpush(f"pagefleet:{message.queue}", to_json(message).decode())
        self.sent.append(message)

    def take(self, queues: Sequence[str], place: int) -> PageMessage | None:
        """Remove and return one of the waiting messages; None where there is none."""
        waiting: list[tuple[str, str]] = [
            (queue, str(text))
            for queue in queues
            for text in self._client.lrange(f"pagefleet:{queue}", 0, -1)
        ]
        if not waiting:
            return None
        queue, text = waiting[place % len(waiting)]
        self._client.lrem(f"pagefleet:{queue}", 1, text)
        return PageMessage.model_validate_json(text)

    def reduce(self, job_id: str) -> None:
        """A reduce message is only the job's id."""
        self._stage.pause()
        self._client.lpush(REDUCE_LIST, job_id)

    def reduce_waits(self) -> bool:
        """Whether a reduce message waits."""
        return bool(self._client.llen(REDUCE_LIST))

    def take_reduce(self) -> str | None:
        """The job of the next reduce message, which is removed."""
        return self._client.rpop(REDUCE_LIST)  # type: ignore[return-value]
