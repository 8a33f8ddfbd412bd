"""Keep a claim alive while its work runs: one thread a process renews the lease, on a connection of its own."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from threading import Thread
from time import sleep

from django.db import DatabaseError, connection

from zargar.ledger import store
from zargar.ledger.values import Claim

log = logging.getLogger(__name__)


class LeaseKeeper:
    """Looks every third of the lease; a claim that it sees a second time has run for long enough to be renewed.

    So short work costs it nothing, long work is renewed well before its lease ends, and a process that is killed or
    stopped renews nothing.
    """

    def __init__(self, lease: timedelta) -> None:
        self._lease = lease
        self._held: Claim | None = None
        Thread(target=self._run, name="lease keeper", daemon=True).start()

    @contextmanager
    def holding(self, claim: Claim) -> Iterator[None]:
        """Keep `claim` alive until the block ends."""
        self._held = claim
        try:
            yield
        finally:
            self._held = None

    def _run(self) -> None:
        seen: Claim | None = None
        while True:
            sleep(self._lease.total_seconds() / 3)
            held = self._held
            if held is not None and held is seen:
                self._renew(held)
            seen = held

    def _renew(self, claim: Claim) -> None:
        try:
            if not store.renew(claim, lease=self._lease):
                log.warning("claim %d of run %s is no longer ours: it will not count", claim.fence, claim.run)
        except DatabaseError as error:
            log.warning("the lease of run %s could not be renewed yet: %s", claim.run, type(error).__name__)
        finally:
            connection.close()


@cache
def _keeper(_pid: int, lease: timedelta) -> LeaseKeeper:
    return LeaseKeeper(lease)


def keeper(lease: timedelta) -> LeaseKeeper:
    """Return this process's keeper; a fork has no threads of its parent's, so it gets its own."""
    return _keeper(os.getpid(), lease)
