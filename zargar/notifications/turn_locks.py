"""The advisory lock of a turn: it lives as long as the session of whoever has the turn, and proves that he lives.

Its key is the turn's number: 63 bits of time and chance, which none of the few fixed locks of this system can equal.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import connection

from zargar.notifications.due_store import query

EAR: Final = 0x5A41_5245_4152  # "ZAREAR"
"""The lock of whoever hears what providers have to say, one at a time; the numbers of turns are all greater."""


@contextmanager
def held(turn: int) -> Iterator[None]:
    """Hold the lock of one's own turn."""
    query("SELECT pg_advisory_lock(%s)", [turn])
    session = connection.connection
    try:
        yield
    finally:
        _give_back(turn, session)


@contextmanager
def tried(turn: int) -> Iterator[bool]:
    """Try the lock of another turn: False, it is held, so whoever has that turn lives."""
    [(free,)] = query("SELECT pg_try_advisory_lock(%s)", [turn])
    session = connection.connection
    try:
        yield bool(free)
    finally:
        if free:
            _give_back(turn, session)


def _give_back(turn: int, session: Any) -> None:  # noqa: ANN401 -- a psycopg connection, which Django does not type
    """Unlock, unless the session was lost, and the lock with it."""
    if connection.connection is session and session is not None and not session.closed:
        query("SELECT pg_advisory_unlock(%s)", [turn])
