"""Prints how inputs ended, one line each, and keeps their exit codes."""

from producer.delivery.outcome import Outcome
from producer.status.progress_bars import Bars
from shared.domain.errors import ExitCode, worst


class OutcomePrinter:
    """Prints documents to standard output and failures without a document to standard error.

    With ``as_json``, every outcome is also a JSON line on standard output.
    """

    def __init__(self, as_json: bool) -> None:
        self._json = as_json
        self._codes: list[ExitCode] = []

    def print(self, outcome: Outcome, bars: Bars | None = None) -> None:
        """Print one outcome, above ``bars`` where these are on the screen."""
        bars = bars or Bars(quiet=True)
        self._codes.append(outcome.exit_code)
        if self._json:
            bars.out(outcome.as_json())
        if outcome.markdown is None:
            bars.say(outcome.as_text())
        elif not self._json:
            bars.out(outcome.as_text())

    @property
    def exit_code(self) -> ExitCode:
        """The worst exit code so far."""
        return worst(self._codes)
