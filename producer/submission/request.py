"""The options of one command, the same for all of its inputs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from producer.intake.input import Input
from producer.intake.manifest_file import MAX_MESSAGE
from producer.submission.pool_choice import PoolSource, check_choice, choose_pool, no_fleet
from shared.config.settings import Settings
from shared.domain.collections.names import LABEL
from shared.domain.errors import BadLine, UsageError
from shared.domain.lanes import Priority
from shared.domain.page_ranges import check_ranges
from shared.domain.pools import Pool
from shared.domain.records.options import RenderOptions
from shared.domain.tasks import Task, check_task_arguments, parse_task


@dataclass(frozen=True)
class Request:
    """How inputs are converted; what the settings leave open, ``pools`` decides."""

    settings: Settings
    pools: PoolSource = no_fleet
    task: Task = Task.MARKDOWN
    prompt: str | None = None
    query: str | None = None
    pages: str | None = None
    priority: Priority = "normal"
    render: RenderOptions = field(default_factory=RenderOptions)
    labels: dict[str, str] = field(default_factory=dict)
    webhook: str | None = None
    password: str | None = field(default=None, repr=False)
    force: bool = False
    retry_failed: bool = False

    def check(self) -> None:
        """Raise UsageError for options that are wrong for every document."""
        check_task_arguments(self.task, self.prompt, self.query)
        check_choice(self.settings, self.task)
        if self.pages is not None:
            check_ranges(self.pages)

    def checked(self, inputs: Iterable[Input]) -> Iterator[Input]:
        """The inputs; one whose own options are wrong gets a problem and stops no other.

        Raises UsageError where the options of the command are wrong for every document.
        """
        self.check()
        self.pool()
        return map(self._checked, inputs)

    def _checked(self, input_: Input) -> Input:
        if input_.problem is not None or not (input_.overrides.task or input_.overrides.pages):
            return input_
        try:
            request = self.for_input(input_)
            request.check()
            request.pool()
        except UsageError as error:
            where = input_.where or "options"
            return replace(input_, problem=BadLine(f"{where}: {error.message[:MAX_MESSAGE]}"))
        return input_

    def for_input(self, input_: Input) -> "Request":
        """This request with the input's overrides."""
        overrides = input_.overrides
        # A line may not put its document into a collection.
        own = {key: value for key, value in overrides.labels.items() if key != LABEL}
        return replace(
            self._for_task(overrides.task),
            pages=overrides.pages or self.pages,
            priority=overrides.priority or self.priority,
            password=overrides.password or self.password,
            labels={**self.labels, **own},
        )

    def _for_task(self, name: str | None) -> "Request":
        """With another task; the prompt and query are kept only where that task uses them.

        Raises UsageError for an unknown task.
        """
        if name is None:
            return self
        task = parse_task(name)
        return replace(
            self,
            task=task,
            prompt=self.prompt if task is Task.CUSTOM else None,
            query=self.query if task is Task.LOCATE else None,
        )

    def pool(self) -> Pool:
        """The pool for a document that is submitted now; raises UsageError, BrokerUnreachable."""
        return choose_pool(self.settings, self.task, self.pools)
