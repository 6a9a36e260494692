"""The lanes are named in Python and in the Lua scripts."""

import re

from shared.broker.scripts import source
from shared.domain.lanes import PRIORITIES, Lane


def test_the_lua_scripts_know_the_same_lanes() -> None:
    match = re.search(r"local LANES = \{(.*)\}", source("claim"))

    assert match is not None
    assert re.findall(r"'(\w+)'", match.group(1)) == list(Lane)


def test_every_lane_but_the_quarantine_is_a_priority() -> None:
    assert [*PRIORITIES, Lane.QUARANTINE] == list(Lane)
