"""A worker's pulse: proof that it consumes, taken from the consuming itself.

Every few seconds the worker sends itself a canary, a message to a queue of its own on the same broker, and consumes it
over the very channel on which it consumes its work. Only a canary that came back, a task that came in, or a full hand
of work while the loop turns, moves the pulse. A process that is stopped, a loop that hangs, a channel that has silently
stopped polling after a reconnect: none of them moves it, and neither answering a ping nor being alive does.

What moves the pulse also touches `ZARGAR_HEARTBEAT_FILE`, for `zargar probe worker`; the row in the database
(`ledger.heartbeats`) is for `zargar status`. Network and database are spoken to by a thread of its own: the loop that
consumes never waits for them. Threads of a prefork parent do not exist in its children.
"""

import logging
import time
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

from celery import Celery, bootsteps, signals
from celery.worker import state
from django.conf import settings
from django.db import DatabaseError, connection
from kombu.connection import Connection
from kombu.entity import Queue
from kombu.exceptions import OperationalError
from kombu.messaging import Consumer

from zargar.engine.doorbell import PATIENCE
from zargar.ledger import heartbeats
from zargar.ledger.heartbeats import Heartbeat, Kind

log = logging.getLogger(__name__)

BEATS_TO_SILENCE: Final = 3
"""Canaries that may stay out in a row; one that the broker lost is sent again after as many beats."""

A_MOMENT: Final = 0.2
"""Seconds that a canary is given to come back before the row is written, so that the row is not a beat behind."""


def touch() -> None:
    """Move the heartbeat file, where the deployment names one; a folder that cannot be written is said, not hidden."""
    if settings.HEARTBEAT_FILE is None:
        return
    try:
        Path(settings.HEARTBEAT_FILE).touch()
    except OSError as error:
        log.warning("the heartbeat file cannot be written: %s", type(error).__name__)


class Pulse:
    """The pulse of one worker: moved by the loop, told by a thread."""

    def __init__(self, app: Celery, *, name: str, queues: tuple[str, ...], slots: int, every: timedelta) -> None:
        self.canaries = Queue(f"zargar.canary.{name}", routing_key=f"zargar.canary.{name}", exclusive=True, expires=60)  # type: ignore[no-untyped-call]  # kombu is typed in part
        self.slots = slots
        self._app = app
        self._name = name
        self._queues = queues
        self._every = every
        self._moved: float | None = None
        self._sent: float | None = None
        self._broker: Connection | None = None
        self._ending = Event()
        self._thread = Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        """Begin to send canaries and to tell; once for the life of the worker, however often it reconnects."""
        if not self._thread.is_alive():
            self._thread.start()

    def stop(self) -> None:
        """Tell nothing more, and take the row away."""
        self._ending.set()
        self._thread.join(self._every.total_seconds())

    def came_back(self, _message: object) -> None:
        """Consume a canary: called by the loop."""
        self._sent = None
        self.move()

    def move(self) -> None:
        """Note that work is consumed: called by the loop."""
        self._moved = time.monotonic()
        touch()

    def look_at_hands(self) -> None:
        """Move while every slot is taken, since full hands fetch nothing: called by the loop's timer."""
        if len(state.reserved_requests) >= self.slots:
            self.move()

    def _run(self) -> None:
        self._with_database(lambda: heartbeats.begin(self._name))
        while not self._ending.is_set():
            self._send_canary()
            self._ending.wait(min(A_MOMENT, self._every.total_seconds() / 2))
            self._with_database(lambda: heartbeats.record(self._heartbeat()))
            self._ending.wait(self._every.total_seconds())
        self._with_database(lambda: heartbeats.leave(self._name))
        connection.close()

    def _heartbeat(self) -> Heartbeat:
        moved = self._moved
        return Heartbeat(
            name=self._name,
            kind=Kind.WORKER,
            silent_after=self._every * (BEATS_TO_SILENCE + 1),
            moved_ago=None if moved is None else timedelta(seconds=time.monotonic() - moved),
            queues=self._queues,
            slots=self.slots,
            busy=len(state.reserved_requests),
        )

    def _send_canary(self) -> None:
        """Send one unless one is out; none piles up while the worker's hands are full."""
        now = time.monotonic()
        if self._sent is not None and now - self._sent < self._every.total_seconds() * BEATS_TO_SILENCE:
            return
        broker = self._connect()
        try:
            producer = self._app.amqp.Producer(broker, auto_declare=False)
            producer.publish(
                {},
                exchange="",
                routing_key=self.canaries.name,
                serializer="json",
                delivery_mode="transient",
                retry=False,
            )
        except (OperationalError, OSError, *broker.recoverable_connection_errors) as error:
            log.info("no canary was sent: %s", type(error).__name__)
            broker.release()  # type: ignore[no-untyped-call]  # kombu is typed in part
            self._broker = None
        else:
            self._sent = now

    def _connect(self) -> Connection:
        if self._broker is None:
            self._broker = self._app.connection_for_write()
            if self._broker.transport_cls == "redis":
                self._broker.transport_options = {**(self._broker.transport_options or {}), **PATIENCE}
        return self._broker

    def _with_database(self, act: Any) -> None:  # noqa: ANN401 -- a call without arguments
        try:
            act()
        except DatabaseError as error:
            log.warning("the pulse is not written, the ledger is out of reach: %s", type(error).__name__)
            connection.close()


class PulseStep(bootsteps.StartStopStep):  # type: ignore[misc]  # celery is not typed
    """Ties the pulse to the worker's consumer: the same channel, the same loop."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, c: Any, **options: Any) -> None:  # noqa: ANN401 -- celery's consumer
        self._pulse: Pulse | None = None
        self._timer: Any = None
        super().__init__(c, **options)

    def start(self, c: Any) -> None:  # noqa: ANN401 -- as above
        """Consume canaries beside the work, after every (re)connection."""
        pulse = self._pulse = self._pulse or _pulse_of(c)
        Consumer(c.task_consumer.channel, [pulse.canaries], no_ack=True, on_message=pulse.came_back).consume()  # type: ignore[no-untyped-call]  # kombu is typed in part
        self._timer = c.timer.call_repeatedly(settings.HEARTBEAT_EVERY.total_seconds(), pulse.look_at_hands)
        signals.task_received.connect(self._received)
        pulse.start()

    def _received(self, **_: object) -> None:
        if self._pulse is not None:
            self._pulse.move()

    def stop(self, _c: Any) -> None:  # noqa: ANN401 -- as above
        """Leave the loop; the pulse is still told, and does not move."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def shutdown(self, c: Any) -> None:  # noqa: ANN401 -- as above
        """End with the worker."""
        self.stop(c)
        if self._pulse is not None:
            self._pulse.stop()


def _pulse_of(c: Any) -> Pulse:  # noqa: ANN401 -- celery's consumer
    return Pulse(
        c.app,
        name=str(c.hostname),
        queues=tuple(sorted(queue.name for queue in c.task_consumer.queues)),
        slots=c.pool.num_processes,
        every=settings.HEARTBEAT_EVERY,
    )
