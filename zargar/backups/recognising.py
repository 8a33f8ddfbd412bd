"""Know a schema again: one whose state is that of an earlier backup has the shape that it had then.

Shapes are the dearest question of a backup after the rows themselves: PostgreSQL writes each definition anew. States
(`changes`) are asked anyway. So a shape is asked only of schemas whose state is new, or where anything around them
changed (`surroundings`).

Note [What if it were wrong]
----------------------------
The weekly backup believes nothing: it asks every shape, and says so loudly if one is another than would have been
believed. Between two of them a drill finds out: it compares the restored copy's own shape with the recorded one.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, Protocol

import psycopg

from zargar.backups import surroundings
from zargar.backups.fingerprint import Seen

log = logging.getLogger(__name__)

_PUBLIC: Final = "public"


class Memory(Protocol):
    """Keeps what was seen, from one backup to the next: `seen_store.SeenShapes`."""

    def load(self, surroundings: str) -> Mapping[str, Seen]:
        """Return what was seen in these surroundings, by schema."""
        ...

    def keep(self, surroundings: str, seen: Mapping[str, Seen]) -> None:
        """Keep what was seen last of each schema."""
        ...


class Recognising:
    """One backup's use of what was seen before. `shops` are the schemas whose surroundings are all the others."""

    def __init__(
        self, memory: Memory, connect: Callable[[], psycopg.Connection[Any]], *, shops: Collection[str], believe: bool
    ) -> None:
        self._memory = memory
        self._connect = connect
        self._shops = [schema for schema in shops if schema != _PUBLIC]
        self._around = self._surroundings()
        self._seen = memory.load(self._around)
        self.believed: Mapping[str, Seen] = self._seen if believe else {}

    def keep(self, met: Mapping[str, Seen]) -> None:
        """Remember what was met, unless something around the shops changed while they were read."""
        wrong = [schema for schema, one in met.items() if _contradicts(one, self._seen.get(schema))]
        if wrong:
            log.error("in an unchanged state these schemas have another shape than was seen: %s", ", ".join(wrong))
        if met and self._surroundings() == self._around:
            self._memory.keep(self._around, met)

    def _surroundings(self) -> str:
        with self._connect() as session:
            session.read_only = True
            return surroundings.digest(session, self._shops)


def _contradicts(met: Seen, before: Seen | None) -> bool:
    return before is not None and before.state == met.state and before.shape != met.shape
