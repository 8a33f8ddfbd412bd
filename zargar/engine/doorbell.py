"""Ring: the Celery side of the ledger's `Doorbell` port."""

import logging
from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import Final
from uuid import uuid4

from celery import Celery
from kombu.connection import Connection
from kombu.exceptions import OperationalError

from zargar.ledger.values import Ring

log = logging.getLogger(__name__)

PATIENCE: Final = {"socket_timeout": 3, "socket_connect_timeout": 2}
"""Seconds, for Redis: a worker may wait long for a message, but whoever rings must learn soon that nobody hears."""


@cache
def doorbell(app: Celery, pid: int) -> "CeleryDoorbell":  # noqa: ARG001 -- the pid is what makes a fork's key differ
    """Return this process's doorbell. A fork gets its own: a socket must not be shared with the parent."""
    return CeleryDoorbell(app)


class CeleryDoorbell:
    """Publishes one message a ring over a connection of its own, kept open between calls; safe between threads.

    Note [Message ids]
    ------------------
    The id of a message is the run's id and a random suffix. A worker remembers the ids of messages that came too late
    (`expires`) and discards every later message with the same id, so each ring needs its own.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._lock = Lock()
        self._connection: Connection | None = None

    def ring(self, rings: Sequence[Ring]) -> Sequence[Ring]:
        """Send each ring; return those that were not sent, from the first that the broker did not take."""
        with self._lock:
            for index, ring in enumerate(rings):
                if not self._sent(ring):
                    log.warning("the broker takes no messages: %d not rung", len(rings) - index)
                    return rings[index:]
        return ()

    def _sent(self, ring: Ring) -> bool:
        """Send one; a connection from an earlier call may have died meanwhile, so a fresh one gets a second try."""
        for is_fresh in (self._connection is None, True):
            connection = self._connect()
            try:
                self._publish(ring, connection)
            except (OperationalError, OSError, *connection.recoverable_connection_errors) as error:
                log.info("a message was not sent: %s", type(error).__name__)
                self._hang_up()
                if is_fresh:
                    return False
            else:
                return True
        return False

    def _publish(self, ring: Ring, connection: Connection) -> None:
        self._app.send_task(
            ring.task,
            kwargs=ring.kwargs,
            task_id=f"{ring.run}.{uuid4().hex[:8]}",
            queue=ring.queue.value,
            expires=ring.expires,
            producer=self._app.amqp.Producer(connection, auto_declare=False),
            retry=False,
            ignore_result=True,  # the base stores the result, under the id of the run
        )

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = self._app.connection_for_write()
            if self._connection.transport_cls == "redis":
                self._connection.transport_options = {**(self._connection.transport_options or {}), **PATIENCE}
        return self._connection

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.release()  # type: ignore[no-untyped-call]  # kombu is typed in part
            self._connection = None
