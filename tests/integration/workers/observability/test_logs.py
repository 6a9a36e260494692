"""Log lines are text on a terminal and JSON elsewhere, and contain no secret."""

import json
import subprocess
import sys

import pytest

from shared.config.settings import Settings
from tests.conftest import SettingsFactory
from tests.support.console.terminal import Terminal
from tests.support.fleets.fleet import environment

PASSWORD = 'p@ss"wörd/1'
QUOTED = "p%40ss%22w%C3%B6rd%2F1"
#: Logs as a worker process does: from a page, from Celery and from a crash.
SCRIPT = """
import logging
from shared.config.settings import load_settings
from workers.observability.logs import configure
from workers.observability.log_context import about
configure(load_settings(), "host-1-cpu-1")
log = logging.getLogger("pagefleet.page")
with about(job="0123456789abcdef-01234567", page=7):
    about.add(attempt=2)
    log.info("page read", extra={"fields": {"status": "ok"}})
    logging.getLogger("pagefleet.cache").warning("inside a page")
log.info("outside")
logging.getLogger("celery.worker").error("lost %s", load_settings().broker_url())
logging.getLogger("kombu").info("below the level")
log.warning("key %s", load_settings().engine_api_key.get_secret_value())
log.warning("%s and https://user:hidden@host/x", PASSWORD)
try:
    raise ValueError(load_settings().broker_url())
except ValueError:
    log.exception("it broke")
import celery
celery.Celery(set_as_current=False).log.setup(loglevel="INFO", redirect_stdouts=True)
log.info("after Celery set its logging up")
print("printed")
"""


@pytest.fixture
def made(settings: SettingsFactory) -> Settings:
    """Settings with a password that needs quoting everywhere."""
    url = f"redis://:{QUOTED}@127.0.0.1:6379/0"
    return settings(redis_url=url, engine_api_key="key-of-an-engine")


def script() -> str:
    return f"PASSWORD = {PASSWORD!r}\n{SCRIPT}"


def run(settings: Settings) -> str:
    """The script's standard error."""
    ended = subprocess.run(
        [sys.executable, "-c", script()],
        env=environment(settings),
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stderr


def test_without_a_terminal_each_event_is_one_json_line(made: Settings) -> None:
    lines = [json.loads(line) for line in run(made).splitlines()]

    page, inside, outside, celery, *_ = lines
    about = {"job": "0123456789abcdef-01234567", "page": 7, "attempt": 2}
    assert about.items() <= page.items()
    assert (page["status"], page["message"], page["level"]) == ("ok", "page read", "info")
    assert (page["worker"], page["logger"]) == ("host-1-cpu-1", "pagefleet.page")
    assert page["time"].endswith("+00:00")
    assert about.items() <= inside.items()
    assert "job" not in outside
    assert celery["logger"] == "celery.worker"
    assert "ValueError" in next(line for line in lines if "traceback" in line)["traceback"]


def test_celery_installs_no_handlers_of_its_own(made: Settings) -> None:
    lines = [json.loads(line)["message"] for line in run(made).splitlines()]

    assert lines.count("after Celery set its logging up") == 1


@pytest.mark.parametrize("form", ["json", "human"])
def test_no_line_carries_a_secret(made: Settings, form: str) -> None:
    text = run(made.model_copy(update={"log_format": form}))

    assert "it broke" in text
    for secret in (PASSWORD, QUOTED, json.dumps(PASSWORD)[1:-1], "hidden", "key-of-an-engine"):
        assert secret not in text
    assert "redis://***@127.0.0.1:6379/0" in text


def test_on_a_terminal_lines_are_plain_text(made: Settings) -> None:
    command = [sys.executable, "-c", script()]
    with Terminal(command, environment(made), 120, 40) as terminal:
        terminal.wait_for("after Celery")

        assert terminal.end() == 0
    text = terminal.text
    assert "INFO    pagefleet.page: page read" in text
    assert "inside a page (job 0123456789abcdef-01234567 page 7)" in text
    assert "{" not in text.splitlines()[0]


def test_lines_below_the_level_of_the_settings_are_not_logged(made: Settings) -> None:
    text = run(made.model_copy(update={"log_level": "warning"}))

    assert "page read" not in text
    assert "inside a page" in text
    assert "below the level" not in run(made)
