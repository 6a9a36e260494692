"""One shard: a Redis with its dispatch state, jobs and windows."""

from collections import Counter, deque
from collections.abc import Callable, Generator
from typing import Any

import simpy

from benchmarks.simulator.corpus import Document, Job, Pages
from benchmarks.simulator.parameters import Model
from benchmarks.simulator.reducers import Reducers
from benchmarks.simulator.servers import Server
from benchmarks.simulator.turns import Turns

LANES = ("high", "normal", "low")
#: Pages whose messages one command carries (shared/broker/dispatcher.py).
MESSAGES = 200
#: Share of Redis' time that background work can take in the model.
MOST_BACKGROUND = 0.98
Steps = Generator[simpy.Event, Any, None]


class Broker:
    """The dispatch order of each lane, the jobs that wait for a turn, and the backlog."""

    def __init__(self, env: simpy.Environment, model: Model, reducers: Reducers) -> None:
        self._env = env
        self._model = model
        self._reducers = reducers
        self.server = Server(env)
        slice_, limits = max(model.dispatching.slice, model.batch), model.tenants
        #: Outstanding pages and open jobs of each tenant.
        self.load, self._open_jobs = Counter[str](), Counter[str]()
        self._turns = {
            lane: Turns(slice_, limits.weights, limits.quotas, self.load, by_turns=model.turns)
            for lane in LANES
        }
        self._order: dict[str, deque[Pages]] = {lane: deque() for lane in LANES}
        self._queued = dict.fromkeys(LANES, 0)
        self._topping = set[str]()
        self._idle: deque[tuple[simpy.Event, Callable[[], bool]]] = deque()
        self._backlog: deque[Document] = deque()
        self._open = 0
        self._engines = 0
        #: Pages of all live engines at once; the dispatch window follows it.
        self._capacity = 0
        #: Pages that are claimed, whose leases are renewed.
        self._held = 0
        self.most_outstanding = 0
        self.outstanding = 0
        self.ended_pages = 0
        self.failed_pages = 0
        self.sojourn_s = 0.0
        self._outstanding_area = 0.0
        self._seen_s = 0.0
        self.on_progress: Callable[[Pages, bool], None] = lambda _pages, _ok: None

    # Workers

    def join(self, capacity: int) -> None:
        """A live engine; ``capacity`` negative: one that ends."""
        self._engines += 1 if capacity > 0 else -1
        self._capacity += capacity
        self._set_background()
        for lane in LANES:
            self._top_up(lane)

    def _set_background(self) -> None:
        """The share of Redis that renewals of leases and heartbeats take."""
        costs, server = self._model.broker, self.server
        self._account_background()
        renewals = self._held * costs.renew_s / costs.renewal_s
        engine_s = (
            costs.heartbeat_s / costs.heartbeat_interval_s
            + costs.look_s / costs.look_interval_s
            + costs.sum_worker_s / costs.sum_interval_s
        )
        wanted = renewals + self._engines * engine_s
        server.background = min(MOST_BACKGROUND, wanted)

    def _account_background(self) -> None:
        now = self._env.now
        self.server.background_s += (now - self._seen_s) * self.server.background
        self._outstanding_area += (now - self._seen_s) * self.outstanding
        self._seen_s = now

    @property
    def mean_outstanding(self) -> float:
        """Pages queued or in flight, on average over the time so far."""
        self._account_background()
        return self._outstanding_area / self._env.now if self._env.now else 0.0

    def take(self, limit: int, is_wanted: Callable[[], bool]) -> Generator[Any, Any, list[Pages]]:
        """Wait for pages and claim up to ``limit``; none if the worker has ended meanwhile."""
        while not (pages := self._pop(limit)):
            awake = self._env.event()
            self._idle.append((awake, is_wanted))
            yield awake
            if not is_wanted():
                self._wake()
                return []
        self._wake()
        number = sum(each.count for each in pages)
        costs = self._model.broker
        yield self.server.serve(costs.take_s(number), costs.round_trip_s)
        self._hold(number)
        return pages

    def _hold(self, pages: int) -> None:
        self._held += pages
        self._set_background()

    def _pop(self, limit: int) -> list[Pages]:
        """The first pages of the most urgent lane; idle workers share the last ones."""
        lane = next((lane for lane in LANES if self._queued[lane]), None)
        if lane is None:
            return []
        order = self._order[lane]
        takers = 1 if self._turns[lane] else len(self._idle) + 1
        wanted = min(limit, -(-self._queued[lane] // takers))
        self._queued[lane] -= wanted
        taken = list[Pages]()
        while wanted:
            pages = order.popleft()
            if pages.count > wanted:
                pages, rest = pages.split(wanted)
                order.appendleft(rest)
            wanted -= pages.count
            taken.append(pages)
        self._top_up(lane)
        return taken

    def _wake(self) -> None:
        """Wake one idle worker if pages wait; it wakes the next one."""
        if not any(self._queued.values()):
            return
        while self._idle:
            awake, is_wanted = self._idle.popleft()
            if is_wanted():
                awake.succeed()
                return

    def finish(self, pages: list[Pages], failures: Callable[[int], int]) -> Steps:
        """Mark pages; ``failures`` says how many of so many readings have failed."""
        costs = self._model.broker
        number = sum(each.count for each in pages)
        yield self.server.serve(costs.end_s(number), costs.round_trip_s)
        for each in pages:
            self._end(each, failures(each.count))

    def _end(self, pages: Pages, failed: int) -> None:
        if not failed:
            self._mark(pages, ok=True)
            return
        good, bad = pages.split(pages.count - failed)
        last = pages.attempts + 1 >= self._model.dispatching.max_attempts
        if bad.count and not last:
            self.again([bad], attempts=1)
        for part, ok in ((good, True), (bad, False)):
            if part.count and (ok or last):
                self._mark(part, ok=ok)

    def _mark(self, pages: Pages, *, ok: bool) -> None:
        job = pages.job
        job.done += pages.count
        job.failed += 0 if ok else pages.count
        self._change(-pages.count)
        self._release_quota(job.document.tenant, pages.count)
        self._hold(-pages.count)
        self.ended_pages += pages.count
        self.failed_pages += 0 if ok else pages.count
        self.sojourn_s += (self._env.now - pages.dispatched_s) * pages.count
        self.on_progress(pages, ok)
        if job.done >= job.document.pages:
            self._job_ended(job)

    def _release_quota(self, tenant: str, pages: int) -> None:
        self.load[tenant] -= pages
        for lane in LANES:
            if self._turns[lane].ended(tenant):
                self._top_up(lane)

    def _job_ended(self, job: Job) -> None:
        self._open -= 1
        self._open_jobs[job.document.tenant] -= 1
        self.server.serve(self._model.broker.job_s)
        self._reducers.reduce(job, self._env.now)

    def again(self, pages: list[Pages], attempts: int = 0) -> None:
        """Put pages that were claimed at the end of the dispatch order."""
        for each in pages:
            lane = each.job.document.lane
            self._hold(-each.count)
            self._order[lane].append(each.again(attempts))
            self._queued[lane] += each.count
            self.server.serve(self._model.broker.dispatch_s * each.count)
        self._wake()

    def _change(self, pages: int) -> None:
        self._account_background()
        self.outstanding += pages
        self.most_outstanding = max(self.most_outstanding, self.outstanding)

    # Jobs

    def submit(self, document: Document) -> None:
        """Open a job, or leave it to the sweeper if there is no room."""
        if self._is_full(document.tenant):
            self._backlog.append(document)
        else:
            self._open_job(document)

    def _is_full(self, tenant: str) -> bool:
        """A full lane takes further jobs of a tenant that has less than an equal share."""
        is_open = self._open + self._reducers.closing(self._env.now)
        most = self._model.dispatching.max_open_jobs
        if is_open < most or not self._model.tenants.is_used:
            return is_open >= most
        own = self._open_jobs[tenant]
        tenants = sum(count > 0 for count in self._open_jobs.values()) + (own == 0)
        return is_open >= 2 * most or own * tenants >= most

    def _open_job(self, document: Document) -> None:
        self._open += 1
        self._open_jobs[document.tenant] += 1
        self._turns[document.lane].add(Job(document, self._env.now))
        self._top_up(document.lane)

    def sweep(self) -> None:
        """Open jobs of the backlog: one round of the sweeper."""
        for _ in range(min(len(self._backlog), self._model.dispatching.adopted_per_round)):
            if self._is_full(self._backlog[0].tenant):
                return
            self._open_job(self._backlog.popleft())

    @property
    def waiting(self) -> int:
        """Documents without an open job."""
        return len(self._backlog)

    # The dispatch window

    def _top_up(self, lane: str) -> None:
        """Dispatch pages if the lane is below its low-water mark and jobs wait."""
        if lane in self._topping or not self._turns[lane]:
            return
        if self._queued[lane] * 2 <= self._window():
            self._topping.add(lane)
            self._env.process(self._dispatch(lane))

    def _window(self) -> int:
        dispatching = self._model.dispatching
        return max(dispatching.smallest_window, dispatching.window_factor * self._capacity)

    def _dispatch(self, lane: str) -> Steps:
        """Fill the window, a few messages at a time."""
        turns, part = self._turns[lane], max(MESSAGES, self._model.batch)
        while turns and (room := self._window() - self._queued[lane]) > 0:
            dispatched = list[tuple[Job, int, int]]()
            left = min(room, part)
            while turns and left > 0:
                dispatched.append(turns.next(left))
                left -= dispatched[-1][2]
            number = min(room, part) - left
            if not number:
                break
            yield self.server.serve(self._model.broker.dispatch_s * number)
            now = self._env.now
            self._order[lane] += [Pages(*each, dispatched_s=now) for each in dispatched if each[2]]
            self._queued[lane] += number
            self._change(number)
            self._wake()
        self._topping.discard(lane)
