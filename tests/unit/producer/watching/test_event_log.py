"""Names and messages of droppers can't change what a terminal shows."""

import pytest

from producer.watching.event_log import EventLog
from shared.domain.errors import UsageError

HOSTILE = "a\x1b[2J\u202eb\udcff\x9b.pdf"


@pytest.mark.parametrize("as_json", [False, True])
def test_hostile_names_are_printed_without_control_characters(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    log = EventLog(as_json=as_json)

    log.event("refused", HOSTILE, code="usage", message=HOSTILE)
    log.warning(UsageError(HOSTILE))

    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert as_json or not {"\u202e", "\x9b"} & set(err)
    assert len(err.splitlines()) == (1 if as_json else 2)
