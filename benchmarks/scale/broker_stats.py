"""Commands and bytes of the broker since the last reset."""

from dataclasses import dataclass

import redis


@dataclass(frozen=True)
class BrokerStats:
    """Calls by command, those inside scripts included, and bytes received and sent."""

    calls: dict[str, int]
    bytes: int


def reset(client: "redis.Redis") -> None:
    """Count from zero."""
    client.config_resetstat()


def broker_stats(client: "redis.Redis") -> BrokerStats:
    """What the broker did since the last reset."""
    commands, stats = client.info("commandstats"), client.info("stats")
    calls = {name.removeprefix("cmdstat_"): int(value["calls"]) for name, value in commands.items()}
    moved = int(stats["total_net_input_bytes"]) + int(stats["total_net_output_bytes"])
    return BrokerStats(calls, moved)
