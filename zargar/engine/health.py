"""Whether the broker answers, for those who must not wait for it."""

from datetime import timedelta

from celery import Celery
from kombu.exceptions import OperationalError


def broker_answers(app: Celery, *, within: timedelta) -> bool:
    """Open a connection of our own to the app's broker and speak to it; False when it does not answer `within`.

    The limit holds for each of the two steps, connecting and speaking. Nothing is declared and nothing is sent.
    """
    seconds = within.total_seconds()
    with app.connection_for_write(connect_timeout=seconds) as connection:
        if connection.transport_cls == "redis":
            patience = {"socket_timeout": seconds, "socket_connect_timeout": seconds}
            connection.transport_options = {**connection.transport_options, **patience}
        errors = (*connection.recoverable_connection_errors, *connection.recoverable_channel_errors)
        try:
            connection.connect()
            connection.channel().close()
        except (OperationalError, OSError, *errors):
            return False
    return True
