"""The two no-ops that are compared, on one app: `celery -A bench.tasks worker`."""

from celery import shared_task

from zargar.celery import app
from zargar.engine.task import task
from zargar.names import Family, Queue
from zargar.outcomes import Summary

__all__ = ["app"]


@shared_task(name="bench.bare", ignore_result=False)  # type: ignore[untyped-decorator]  # celery is not typed
def bare() -> dict[str, str]:
    """Do nothing, as Celery does it."""
    return {}


@task("bench.ledger", family=Family.PRICES, queue=Queue.REALTIME)
def ledger(**_: object) -> Summary:
    """Do nothing, as a run of the ledger."""
    return {}
