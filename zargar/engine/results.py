"""Put what a run gave into the result backend, once the ledger has said that it counts."""

from typing import Any
from uuid import UUID

from celery import states
from celery.backends.base import KeyValueStoreBackend

from zargar.outcomes import Summary


def put_result(backend: Any, run: UUID, value: Summary | Exception, state: str) -> None:  # noqa: ANN401 -- celery is not typed
    """Store the outcome under the run's id. Raises the backend's connection errors.

    Celery reads before each write, lest a success be written over. A success that the ledger counted is the run's last
    word, and there is only one, so it is written unread: a third of what storing it costs (`make bench`, overhead).
    A failure or a retry may arrive after the success of a later attempt, so those are left to Celery.
    """
    if state == states.SUCCESS and isinstance(backend, KeyValueStoreBackend):
        meta = {**backend._get_result_meta(value, state, None, None), "task_id": str(run)}  # noqa: SLF001 -- the shape that AsyncResult reads is Celery's own
        backend.set(backend.get_key_for_task(str(run)), backend.encode(meta))
    else:
        backend.store_result(str(run), value, state)
