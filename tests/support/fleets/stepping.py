"""Runs real code step by step: before each call to the store or the broker it stands still.

A test decides who goes on and who dies there, so every interleaving of several processes can
be played by one thread after the other, the same way each time.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import redis

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.broker.page_state import Dispatch
from shared.broker.scripts import Scripts
from shared.config.settings import Settings
from shared.domain.records import PageMessage, to_json
from shared.storage.store import ObjectStore

PATIENCE_S = 60.0
REDUCE_LIST = "test:reduce"


class Died(BaseException):
    """The process that ran this code is gone; nothing of it may run any more."""


class Actor:
    """One process doing one thing; ``step`` lets it run up to its next call."""

    def __init__(self, owner: str, work: Callable[[], object]) -> None:
        self.owner = owner
        self.ended = False
        #: The call that it stands before, as far as that is told.
        self.call = ""
        self.failure: BaseException | None = None
        self._dying = False
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def step(self) -> None:
        """Run up to the next call, or to the end; raises what went wrong in there."""
        self._go.release()
        assert self._stopped.acquire(timeout=PATIENCE_S), f"{self.owner} does not come back"
        if self.failure is not None:
            raise self.failure

    def die(self) -> None:
        """End it where it stands, as SIGKILL would."""
        self._dying = True
        self.step()

    def run_out(self) -> None:
        """Let it come to its end."""
        while not self.ended:
            self.step()

    def pause(self, call: str = "") -> None:
        """Called before each call to the outside; ``call`` tells which."""
        if threading.current_thread() is not self._thread:
            return  # its helpers' calls belong to the step in which they are waited for
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
        except BaseException as error:  # told to the test, which fails with it
            self.failure = error
        self.ended = True
        self._stopped.release()


class Stage:
    """Which actor is meant by a call: the one whose thread it comes from."""

    def __init__(self) -> None:
        self.actors: list[Actor] = []

    def pause(self, call: str = "") -> None:
        """Stop the calling actor; nothing for calls from outside of actors."""
        for actor in self.actors:
            actor.pause(call)

    def begin(self, owner: str, work: Callable[[], object]) -> Actor:
        """A new actor, standing before its first step."""
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
    """Puts messages into the broker's real lists without Celery's envelope around them."""

    def __init__(self, settings: Settings, dispatch_state: DispatchState, stage: Stage) -> None:
        super().__init__(settings, dispatch_state)
        self._stage = stage
        self._client = redis.Redis.from_url(settings.broker_url(), decode_responses=True)
        self.sent: list[PageMessage] = []

    def publish(self, pages: Sequence[Dispatch]) -> None:
        """Each message is a step: a crash may come between two of them."""
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
        """Remove and return one of all waiting messages; None where none waits."""
        waiting = [
            (queue, text)
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
        """Whether a document is asked for."""
        return bool(self._client.llen(REDUCE_LIST))

    def take_reduce(self) -> str | None:
        """The next job whose document is asked for."""
        return self._client.rpop(REDUCE_LIST)  # type: ignore[return-value]
