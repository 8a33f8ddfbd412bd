"""Transport options by broker: what Redis needs to be trusted as a doorbell, and what RabbitMQ understands."""

from typing import Any, Final

from zargar.names import Queue

MARGIN: Final = 4
"""The visibility timeout in hard limits: a message that is still being worked on must not be handed out again."""


def broker_options(url: str, *, hard_limit: int) -> dict[str, Any]:
    """Return `broker_transport_options` for the broker that `url` names; `hard_limit` in seconds.

    Redis: socket timeouts and keep-alive, since without them a publish or a blocked pop on a half-open connection waits
    for ever; a health check every 10 s (kombu checks a blocked pop too, and recovers in about 21 s); the sweep for
    unacknowledged messages every 10 s rather than 100. `deadletter_queue` catches what has no binding.
    RabbitMQ: publisher confirms, so that a publish that returns has arrived.
    """
    if not url.startswith(("redis", "sentinel")):
        return {"confirm_publish": True}
    return {
        "visibility_timeout": hard_limit * MARGIN,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "health_check_interval": 10,
        "socket_timeout": 30,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "client_name": "zargar",
        "global_keyprefix": "zargar:",
        "deadletter_queue": "zargar.unroutable",
    }


def result_options(*, hard_limit: int) -> dict[str, Any]:
    """Return `result_backend_transport_options`. A result that cannot be stored in 5 s is in the ledger anyway."""
    return {
        "visibility_timeout": hard_limit * MARGIN,
        "retry_policy": {"timeout": 5.0},
        "global_keyprefix": "zargar:",
    }


def leave_drills(*, instance: Any, options: dict[str, Any], **_: object) -> None:  # noqa: ANN401 -- celery is not typed
    """Keep a worker that was not told its queues (`-Q`) off `drills` (Celery signal, before its queues are chosen).

    Their worker holds a key that opens backups; a plain worker has none and would fail every run that it takes.
    """
    if not options.get("queues"):
        instance.app.amqp.queues.deselect([Queue.DRILLS.value])
