"""The beat: fills slots in the database, and leaves the ringing to the sweeper. Run as many as you like.

`celery -A zargar beat` starts it, chosen by `beat_scheduler`. It keeps no file and no state: what is settled is in the
ledger, and `app.conf.beat_schedule` only shows the live entries to those who inspect it.
"""

import logging
import os
import socket
from datetime import timedelta
from threading import Thread
from typing import Any, Final

from celery import Celery, schedules
from celery.beat import Scheduler
from django.conf import settings
from django.db import DatabaseError, connection

from zargar import clock
from zargar.engine.doorbell import CeleryDoorbell
from zargar.engine.pulse import touch
from zargar.engine.sweeper import Sweeper
from zargar.ledger import heartbeats
from zargar.ledger import store as ledger
from zargar.ledger.heartbeats import Heartbeat, Kind
from zargar.schedules import operations
from zargar.schedules.cadence import Cron, next_slot, period
from zargar.schedules.catalogue import Entry, live
from zargar.schedules.wiring import entries

log = logging.getLogger(__name__)

LONGEST_SLEEP: Final = timedelta(seconds=5)
AFTER_A_FAILURE: Final = timedelta(seconds=1)
LEAVING: Final = timedelta(seconds=5)
"""How long each part of an orderly end may take."""


class SlotScheduler(Scheduler):  # type: ignore[misc]  # celery is not typed
    """Celery's beat service calls `tick` and sleeps for as long as it answers."""

    def __init__(self, app: Celery, *, lazy: bool = False, **options: Any) -> None:  # noqa: ANN401 -- celery's options
        self._sweeper = Sweeper(CeleryDoorbell(app), every=settings.SWEEP_EVERY, ring_grace=settings.RING_GRACE)
        self._name = f"beat@{socket.gethostname()}:{os.getpid()}"
        super().__init__(app, lazy=lazy, **options)

    def setup_schedule(self) -> None:
        """Begin to sweep. Celery calls it once, and not for the instance that only prints the banner."""
        self._sweeper.start()

    def tick(self, *_: object, **__: object) -> float:
        """Fill what has come due and return the seconds until the next slot; a database that is away is waited for."""
        try:
            sleep = self._fill().total_seconds()
            heartbeats.record(self._heartbeat())
            touch()
        except DatabaseError as error:
            log.warning("no tick, the ledger is out of reach: %s", type(error).__name__)
            connection.close()
            return AFTER_A_FAILURE.total_seconds()
        return sleep

    def close(self) -> None:
        """End the sweeper and leave. Celery calls it in the handler of the signal, whatever the main thread is doing.

        That may be a statement of a tick, whose session is then locked by the very frame that waits for this call: so
        the leaving has a thread, and with it a session, of its own.
        """
        self._sweeper.stop(within=LEAVING)
        leaving = Thread(target=self._leave, name="leaving", daemon=True)
        leaving.start()
        leaving.join(LEAVING.total_seconds())

    def _leave(self) -> None:
        try:
            heartbeats.leave(self._name)
        except DatabaseError as error:
            log.warning("the heartbeat stays behind, the ledger is out of reach: %s", type(error).__name__)
        finally:
            connection.close()

    @property
    def info(self) -> str:
        """What the banner says of the scheduler."""
        return "    . slots -> the ledger (any number of beats)"

    def _heartbeat(self) -> Heartbeat:
        """Say that a tick was made. Two sleeps without one are an accident, three are none."""
        return Heartbeat(name=self._name, kind=Kind.BEAT, silent_after=LONGEST_SLEEP * 3, moved_ago=timedelta())

    def _fill(self) -> timedelta:
        now = ledger.now()
        current = live_entries(self.app)
        opened = operations.fill(current, now=now)
        if opened:
            log.info("opened %d run(s) for slots", opened)
            self._sweeper.poke()
        until_next = min((next_slot(entry.cadence, now) for entry in current), default=now + LONGEST_SLEEP) - now
        return min(until_next, LONGEST_SLEEP)


def live_entries(app: Celery) -> tuple[Entry, ...]:
    """Return the entries whose task the app has registered."""
    return live(entries(), registered=app.tasks)


def as_beat_schedule(app: Celery) -> dict[str, dict[str, Any]]:
    """Return the live entries in the form of `app.conf.beat_schedule`, for those who inspect it.

    `expires` is one and a half periods, in seconds: what a plain beat should use, were it ever pointed at this table.
    """
    return {
        entry.name: {
            "task": entry.task,
            "schedule": _celery_schedule(entry),
            "kwargs": dict(entry.kwargs),
            "options": {
                "queue": entry.queue.value,
                "expires": period(entry.cadence, clock.now()).total_seconds() * 1.5,
            },
        }
        for entry in live_entries(app)
    }


def _celery_schedule(entry: Entry) -> schedules.BaseSchedule:
    if isinstance(entry.cadence, Cron):
        return schedules.crontab.from_string(entry.cadence.line)
    return schedules.schedule(timedelta(seconds=entry.cadence.seconds))
