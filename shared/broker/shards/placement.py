"""Which shard gets a new name: the same answer in every process with the same list."""

from hashlib import sha256


def hashed_shard(name: str, count: int) -> int:
    """Rendezvous hashing: one more broker takes its share and moves nothing between the others."""
    return max(range(count), key=lambda number: sha256(f"{number}:{name}".encode()).digest())
