"""Sends the messages of each job to the broker that has the job."""

from shared.broker.dispatcher import Dispatcher
from shared.broker.shards.shard_brokers import ShardBrokers
from shared.broker.shards.sharded_state import FindShard
from shared.config.settings import Settings
from shared.domain.errors import ShardUnreachable
from shared.telemetry.factory import tracing_of


class ShardedDispatcher(Dispatcher):
    """For commands; ``of`` is the dispatcher of a job."""

    def __init__(self, settings: Settings, brokers: ShardBrokers, find: FindShard) -> None:
        self.tracing = tracing_of(settings, "pagefleet")
        self._parts = settings.of_shards()
        self._brokers = brokers
        self._find = find
        self._made: dict[int, Dispatcher] = {}

    def of(self, job_id: str) -> Dispatcher:
        """The dispatcher of the job's shard; raises ShardUnreachable."""
        return self._dispatcher(self._find(job_id))

    def reduce(self, job_id: str) -> None:
        """Send a reduce message to the job's shard."""
        self.of(job_id).reduce(job_id)

    def sweep(self) -> None:
        """Send a sweep message to each shard that answers."""
        for number in range(len(self._parts)):
            try:
                self._dispatcher(number).sweep()
            except ShardUnreachable:
                continue  # it was reported

    def _dispatcher(self, number: int) -> Dispatcher:
        state = self._brokers.ask(number, lambda each: each)
        if number not in self._made:
            self._made[number] = Dispatcher(self._parts[number], state, tracing=self.tracing)
        return self._made[number]
