"""What a person asked for, the same for every input of one command."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from producer.intake.inputs import Input, Overrides
from shared.config.settings import Settings
from shared.domain.catalogue import check_task, engine_facts
from shared.domain.errors import UsageError
from shared.domain.page_ranges import check_ranges, count, format_ranges, parse_ranges
from shared.domain.records import PageOptions, PageSettings, Priority, RenderOptions
from shared.domain.tasks import Task, check_task_arguments, parse_task


@dataclass(frozen=True)
class Request:
    """Options of one ``run`` or ``submit``; ``engine`` is a real engine, never "auto"."""

    engine: str
    settings: Settings
    task: str = "markdown"
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
        """Raise UsageError for what no document could mend."""
        task = parse_task(self.task)
        check_task_arguments(task, self.prompt, self.query)
        check_task(self.engine, task)
        if self.pages is not None:
            check_ranges(self.pages)

    def check_all(self, inputs: Iterable[Input]) -> None:
        """``check`` for each input, before work is begun for any of them."""
        checked: set[tuple[str | None, str | None]] = set()
        for item in inputs:
            said = item.overrides.task, item.overrides.pages
            if said in checked:
                continue
            checked.add(said)
            try:
                self.for_document(item.overrides).check()
            except UsageError as error:
                about = f"{item.word}: " if any(said) else ""
                raise UsageError(f"{about}{error.message}") from None

    def for_document(self, overrides: Overrides) -> "Request":
        """This request with what a manifest line says."""
        return replace(
            self._for_task(overrides.task),
            pages=overrides.pages or self.pages,
            priority=overrides.priority or self.priority,
            password=overrides.password or self.password,
            labels={**self.labels, **overrides.labels},
        )

    def _for_task(self, name: str | None) -> "Request":
        """With another task, the command's prompt and query count only where it needs them."""
        if name is None:
            return self
        task = parse_task(name)
        return replace(
            self,
            task=name,
            prompt=self.prompt if task is Task.CUSTOM else None,
            query=self.query if task is Task.LOCATE else None,
        )

    def page_options(self, page_count: int) -> PageOptions:
        """The frozen page options for a document of ``page_count`` pages."""
        self.check()
        settings = self.settings
        return PageOptions(
            task=parse_task(self.task),
            prompt=self.prompt,
            query=self.query,
            pages=self._selection(page_count),
            engine=self.engine,
            model=engine_facts(self.engine).full_model(settings.model),
            **{name: getattr(settings, name) for name in PageSettings.model_fields},
        )

    def _selection(self, page_count: int) -> str | None:
        """The canonical page list; all pages are None, however they were written."""
        if self.pages is None:
            return None
        ranges = parse_ranges(self.pages, page_count)
        return None if count(ranges) == page_count else format_ranges(ranges)
