"""Ring again: a thread in each beat that looks every second for runs whose bell must ring, and rings it.

It is the only way in which a slot's run, a retry that has fallen due, a message that was lost and work whose process
died get a message. A broker that hangs therefore delays rings, never the making of slots, which has its own thread.
"""

import logging
from datetime import timedelta
from threading import Event, Thread

from django.db import DatabaseError, connection

from zargar.ledger import store
from zargar.ledger.ports import Doorbell

log = logging.getLogger(__name__)


def sweep_once(doorbell: Doorbell, *, ring_grace: timedelta) -> int:
    """Take back lost claims and ring for what is due; return how many were rung. See `store.sweep`."""
    rings = store.sweep(ring_grace=ring_grace)
    unsent = doorbell.ring(rings)
    if unsent:
        store.not_rung(unsent, ring_grace=ring_grace)
    return len(rings) - len(unsent)


class Sweeper:
    """Sweeps every `every`, and at once when poked. Lives until stopped; a database that is away is waited for."""

    def __init__(self, doorbell: Doorbell, *, every: timedelta, ring_grace: timedelta) -> None:
        self._doorbell = doorbell
        self._every = every
        self._ring_grace = ring_grace
        self._wake = Event()
        self._stopping = False
        self._thread = Thread(target=self._run, name="sweeper", daemon=True)

    def start(self) -> None:
        """Begin to sweep."""
        self._thread.start()

    def poke(self) -> None:
        """Sweep now: something has just become due."""
        self._wake.set()

    def stop(self, *, within: timedelta) -> None:
        """End after the sweep in hand; a thread that still waits for the broker is left to die with the process."""
        self._stopping = True
        self.poke()
        self._thread.join(within.total_seconds())

    def _run(self) -> None:
        while not self._stopping:
            try:
                sweep_once(self._doorbell, ring_grace=self._ring_grace)
            except DatabaseError as error:
                log.warning("no sweep, the ledger is out of reach: %s", type(error).__name__)
                connection.close()
            self._wake.wait(self._every.total_seconds())
            self._wake.clear()
        connection.close()
