"""Servers with a queue in order of arrival: Redis, and the request rates of the store.

Such a server needs no process of its own: its end of service is known at the arrival.
"""

from heapq import heapreplace

import simpy

from benchmarks.simulator.parameters import StoreCosts


class Server:
    """One thing at a time, in order of arrival."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._free_at = 0.0
        self.busy_s = 0.0
        self.waited_s = 0.0
        self.served = 0
        #: Share of the time that other work takes.
        self.background = 0.0
        self.background_s = 0.0

    def serve(self, seconds: float, more_s: float = 0.0) -> simpy.Timeout:
        """An event at the end of service, and ``more_s`` later."""
        now = self._env.now
        start = max(now, self._free_at)
        stretched = seconds / (1 - self.background)
        self._free_at = start + stretched
        self.busy_s += seconds
        self.waited_s += start - now
        self.served += 1
        return self._env.timeout(self._free_at - now + more_s)


class Store:
    """Latency and a rate for reads and for writes; all shards use one store."""

    def __init__(self, env: simpy.Environment, costs: StoreCosts) -> None:
        self._costs = costs
        self._reads, self._writes = Server(env), Server(env)
        self.gets = 0.0
        self.puts = 0.0

    def get(self, pages: int) -> simpy.Timeout:
        """Read what so many pages need."""
        requests = pages * self._costs.gets_a_page
        self.gets += requests
        return self._reads.serve(requests / self._costs.gets_per_s, self._costs.get_s)

    def put(self, pages: int) -> simpy.Timeout:
        """Write the results of so many pages."""
        requests = pages * self._costs.puts_a_page
        self.puts += requests
        return self._writes.serve(requests / self._costs.puts_per_s, self._costs.put_s)

    def reduced(self, pages: int) -> None:
        """Count the reads of a reducer."""
        self.gets += pages * self._costs.reduce_gets_a_page

    @property
    def busy_s(self) -> tuple[float, float]:
        """Seconds in which the rates of reads and of writes were used up."""
        reads = self.gets / self._costs.gets_per_s
        return reads, self._writes.busy_s


class Servers:
    """Several equal servers with one queue; each call returns the end of service."""

    def __init__(self, number: int) -> None:
        self._free_at = [0.0] * number
        self.busy_s = 0.0

    def end(self, now: float, seconds: float) -> float:
        """When something that arrives ``now`` and takes ``seconds`` is finished."""
        self.busy_s += seconds
        finished = max(now, self._free_at[0]) + seconds
        heapreplace(self._free_at, finished)
        return finished
