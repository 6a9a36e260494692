"""Pools: the workers and queues of one engine, one model and one revision of its weights.

A pool's id names its queues, its Redis keys, its metrics and its entry in the chart. It is the
name of the engine for the engine's default model without a revision. The chart makes the same ids
(helm/pagefleet/templates/_helpers.tpl), so a change here is a change there.
"""

import hashlib
import re
from dataclasses import dataclass

from shared.domain.catalogue import CATALOGUE, engine_facts
from shared.domain.errors import UsageError

#: A pool id: the name of an engine, for other models followed by a slug and a digest.
POOL_ID_PATTERN = r"[a-z0-9_-]{1,60}"
#: A branch, tag or commit of a repository at the Hugging Face hub.
REVISION_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}"
#: The name of an engine, which a pool id begins with.
ENGINE_PATTERN = r"[a-z0-9_]{1,24}"
#: Longest name of a model, in characters.
MAX_MODEL = 300
#: Pools in one list.
MAX_LIST = 50
#: Characters of a model's name in the id of its pool.
SLUG_LENGTH = 24
#: Hex digits of the SHA-256 of "model" or "model@revision", which tell similar names apart.
DIGEST_DIGITS = 10


@dataclass(frozen=True, order=True)
class Pool:
    """The workers and queues of one engine with one model; ``model`` is its full name."""

    engine: str
    model: str
    #: A branch, tag or commit of the model's repository; None: the engine's choice.
    revision: str | None = None

    @property
    def id(self) -> str:
        """The pool's name in queues, keys and metrics; matches ``POOL_ID_PATTERN``."""
        # A record in a store may name an engine that this release does not have.
        facts = CATALOGUE.get(self.engine)
        if facts is not None and self.revision is None and self.model == facts.default_model:
            return self.engine
        return f"{self.engine}-{_slug(self.model)}-{_digest(self.weights)}"

    @property
    def weights(self) -> str:
        """The model with its revision, if any: "model@revision"."""
        return f"{self.model}@{self.revision}" if self.revision else self.model

    def __str__(self) -> str:
        """As the setting ``pools`` names it: "engine:model@revision"."""
        return f"{self.engine}:{self.weights}"


def checked_pool(engine: str, model: str | None = None, revision: str | None = None) -> Pool:
    """The pool of an engine; ``model`` may be a short name, or None for the default model.

    Raises UsageError for what the engine does not have.
    """
    facts = engine_facts(engine)
    full = facts.full_model(model)
    if len(full) > MAX_MODEL or not full.isprintable():
        raise UsageError(f"a model's name must be printable and at most {MAX_MODEL} characters")
    if revision is None:
        return Pool(engine, full)
    if not re.fullmatch(REVISION_PATTERN, revision):
        raise UsageError(f"revision {revision!r} is no branch, tag or commit")
    if not facts.has_revisions:
        raise UsageError(f"the models of engine {engine!r} have no revisions; unset revision")
    if full.startswith(("/", "./", "../", "~")):
        raise UsageError(f"the model {full} is a folder, which has no revisions; unset revision")
    return Pool(engine, full, revision)


def parse_pools(text: str) -> tuple[Pool, ...]:
    """The pools in a list "engine[:model[@revision]],..."; raises UsageError."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if len(words) > MAX_LIST:
        raise UsageError(f"{len(words)} pools; a fleet declares at most {MAX_LIST}")
    return tuple(dict.fromkeys(map(parse_pool, words)))


def parse_pool(word: str) -> Pool:
    """The pool that "engine", "engine:model" or "engine:model@revision" names."""
    engine, _, weights = word.partition(":")
    model, _, revision = weights.partition("@")
    if not re.fullmatch(r"[^:@,]+(:[^@,]+(@[^@,]+)?)?", word):
        raise UsageError(
            f"{word!r} names no pool; write engine, engine:model or engine:model@revision"
        )
    return checked_pool(engine, model or None, revision or None)


def is_pool_id(text: str) -> bool:
    """Whether ``text`` can be the id of a pool."""
    return re.fullmatch(POOL_ID_PATTERN, text) is not None


def engine_of(identifier: str) -> str:
    """The engine of a pool id; names of engines have no hyphen."""
    return identifier.partition("-")[0]


def _slug(model: str) -> str:
    """The last part of a model's name in lower case, with hyphens for all but letters and digits.

    Letters become small only after all others are gone, because programs differ about those.
    """
    words = re.sub(r"[^A-Za-z0-9]+", "-", model.rpartition("/")[2]).strip("-").lower()
    return words[:SLUG_LENGTH].strip("-") or "model"


def _digest(weights: str) -> str:
    return hashlib.sha256(weights.encode()).hexdigest()[:DIGEST_DIGITS]
