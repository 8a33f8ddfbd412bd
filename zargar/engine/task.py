"""The base of all tasks: a message is a hint, the run decides.

A message is answered by claiming its run, doing the one domain call, and closing the run; every other message for that
run finds nothing to claim and ends quietly. Celery's own retry, countdown and result are not used: the ledger holds
what is due again, and the base stores the summary under the run's id, since only the one that closed it may.
"""

import logging
import os
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn, TypeVar
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from celery import Task, current_app, shared_task, states
from celery.result import AsyncResult
from celery.utils.dispatch import Signal
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from zargar import clock
from zargar.engine.doorbell import doorbell
from zargar.engine.failures import describe
from zargar.engine.lease import keeper
from zargar.engine.limits import working
from zargar.engine.results import put_result
from zargar.engine.retries import wait_before_retry
from zargar.ledger import store
from zargar.ledger.policy import MESSAGE_LIFE, Bury, TryAt, Verdict, after_failure
from zargar.ledger.values import Claim, Ring, Work
from zargar.names import Family, Queue
from zargar.outcomes import Permanent, Snooze, Summary
from zargar.tenancy import in_tenant

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

NOTHING_TO_DO: Final[Summary] = {"claimed": False}
_OPTIONS: Final = {"countdown", "eta", "queue"}

run_closed: Final = Signal(name="run_closed", providing_args={"task"})
"""Sent in the worker after a run was closed for good (succeeded, dead or superseded), with `task`, its name.

A receiver that fails is logged by Celery and changes nothing for the run.
"""


class WorkFailedError(Exception):
    """What Celery is told of an attempt that failed: the scrubbed words of the ledger, never the original error."""


class LedgerTask(Task):  # type: ignore[misc]  # celery is not typed
    """A task whose messages only ring for a run."""

    abstract = True
    family: Family
    promise: Queue
    per_shop: bool

    def apply_async(
        self,
        args: Sequence[object] | None = None,
        kwargs: Summary | None = None,
        **options: Any,  # noqa: ANN401 -- celery's signature
    ) -> AsyncResult:
        """Open a run and ring for it; the result has the run's id. A broker that is away delays it, no more.

        Takes keyword arguments only, and of Celery's options `countdown` (seconds), `eta` (aware) and `queue`.
        Raises `TypeError` for anything else: links, chords and expiries would live in the broker, where they get lost.
        """
        unknown = {name for name, value in options.items() if value is not None} - _OPTIONS
        if args or unknown:
            message = f"{self.name} takes keyword arguments and {sorted(_OPTIONS)}; got {args!r} and {sorted(unknown)}"
            raise TypeError(message)
        arguments, due_at = kwargs or {}, _due_at(options)
        self.__header__(**arguments)  # raises TypeError for what the function does not take
        work = Work(
            id=uuid4(), task=self.name, family=self.family, queue=Queue(options.get("queue") or self.promise),
            origin="call", kwargs=arguments, due_at=due_at,
        )  # fmt: skip
        # What is due later is left to the sweeper, which rings when it falls due.
        store.open_runs([work], ring_in=settings.RING_GRACE if due_at is None else timedelta())
        if due_at is None:
            doorbell(self.app, os.getpid()).ring([ring_for(work)])
        return self.AsyncResult(str(work.id))

    def retry(self, *_: object, **__: object) -> NoReturn:
        """Refuse: raise `zargar.outcomes.Retryable` instead, and the ledger has it due again."""
        message = f"{self.name}: raise zargar.outcomes.Retryable; a delay in the broker is a delay that can be lost"
        raise TypeError(message)

    def __call__(self, **kwargs: Any) -> Summary:  # noqa: ANN401 -- whatever ids the message holds
        """Answer a message; called directly, as in a test, it is the plain function."""
        if self.request.called_directly:
            return dict(self.run(**kwargs))
        return self._answer(_run_id(self.request.id), kwargs)

    def _answer(self, run: UUID, kwargs: Summary) -> Summary:
        close_old_connections()
        try:
            claim = _reaching(lambda: self._claim(run, kwargs))
        except (OperationalError, InterfaceError) as error:
            connection.close()
            message = f"the ledger is out of reach ({type(error).__name__}): the run stays due and will be rung again"
            raise WorkFailedError(message) from None
        if claim is None:
            return NOTHING_TO_DO
        try:
            with keeper(settings.LEASE).holding(claim), working(claim.run, soft_limit=self._soft_limit()):
                summary = self._work(claim)
        except Exception as error:  # noqa: BLE001 -- the one edge where whatever work may raise becomes an outcome
            raise self._failed(claim, error) from None
        return self._succeeded(claim, summary)

    def _claim(self, run: UUID, kwargs: Summary) -> Claim | None:
        worker = f"{self.request.hostname}"
        claim = store.claim(run, worker=worker, lease=settings.LEASE)
        if claim is None and not store.exists(run):
            # A message that somebody sent by the registered name, past this class: its row begins here.
            work = Work(id=run, task=self.name, family=self.family, queue=self.promise, origin="message", kwargs=kwargs)
            store.open_runs([work], ring_in=settings.RING_GRACE)
            claim = store.claim(run, worker=worker, lease=settings.LEASE)
        return claim

    def _work(self, claim: Claim) -> Summary:
        if not self.per_shop:
            return dict(self.run(**claim.kwargs))
        shop = claim.kwargs.get("shop_id")
        if not isinstance(shop, int):
            message = f"{self.name} works for one shop and needs its id as `shop_id`; got {shop!r}"
            raise Permanent(message)
        with in_tenant(shop):
            return dict(self.run(**claim.kwargs))

    def _soft_limit(self) -> float | None:
        """Return the seconds after which this work is interrupted."""
        limit: float | None = self.soft_time_limit or self.app.conf.task_soft_time_limit
        return limit

    def _succeeded(self, claim: Claim, summary: Summary) -> Summary:
        if _reaching(lambda: store.succeed(claim, summary=summary)):
            self._publish(claim.run, summary, states.SUCCESS)
            run_closed.send(sender=self, task=self.name)
        else:
            log.warning("run %s ended under claim %d, which is no longer ours: not counted", claim.run, claim.fence)
        return summary

    def _failed(self, claim: Claim, error: Exception) -> WorkFailedError:
        now, failure = clock.now(), describe(error)
        counts = not isinstance(error, Snooze)
        verdict = self._judge(claim, error, now)
        told = WorkFailedError(f"{failure.kind}: {failure.message} -> {_in_words(verdict)}")
        if not _reaching(lambda: store.fail(claim, failure=failure, verdict=verdict, counts=counts, at=now)):
            log.warning("run %s failed under claim %d, which is no longer ours: not counted", claim.run, claim.fence)
        elif isinstance(verdict, TryAt):
            self._publish(claim.run, told, states.RETRY)
        else:
            self._publish(claim.run, told, states.FAILURE)
            run_closed.send(sender=self, task=self.name)
        return told

    def _judge(self, claim: Claim, error: Exception, now: datetime) -> Verdict:
        if isinstance(error, Snooze):
            return TryAt(error.until)
        if isinstance(error, Permanent):
            return Bury()
        chance = random.random()  # noqa: S311 -- spreads retries; nothing secret
        wait = wait_before_retry(self.family, failures=claim.attempts + 1, chance=chance)
        return after_failure(wait=wait, stop_at=claim.stop_at, now=now)

    def _publish(self, run: UUID, value: Summary | WorkFailedError, state: str) -> None:
        try:
            put_result(self.backend, run, value, state)
        except self.backend.connection_errors as error:
            log.warning("the result of run %s is in the ledger only: %s", run, type(error).__name__)


def task(
    name: str, *, family: Family, queue: Queue, per_shop: bool = False
) -> Callable[[Callable[..., Summary]], LedgerTask]:
    """Register a function as a task of one domain call.

    The function takes keyword arguments that are ids and enums, and `**_`, so that a newer producer may add one during
    a rolling deploy. With `per_shop` it runs inside the schema of the shop `shop_id`, or not at all.
    """
    return shared_task(  # type: ignore[no-any-return]  # celery is not typed
        name=name, base=LedgerTask, family=family, promise=queue, per_shop=per_shop, ignore_result=True
    )


def route(name: str, *_: object, **__: object) -> dict[str, str] | None:
    """Send a message that was published by name alone to the queue that its task promises (a Celery router)."""
    found = current_app.tasks.get(name)
    return {"queue": found.promise.value} if isinstance(found, LedgerTask) else None


def ring_for(work: Work) -> Ring:
    """Return the first ring for work that has just been opened."""
    life = MESSAGE_LIFE.total_seconds()
    return Ring(run=work.id, task=work.task, queue=work.queue, kwargs=work.kwargs, expires=life)


def _reaching(call: Callable[[], Answer]) -> Answer:
    """Ask the ledger, on a fresh session if this one turns out to be lost: a database that has restarted is no failure.

    Whether the first try arrived does not matter; the claim and its fence let one of two count.
    """
    try:
        return call()
    except (OperationalError, InterfaceError):
        connection.close()
        return call()


def _due_at(options: dict[str, Any]) -> datetime | None:
    eta: datetime | None = options.get("eta")
    countdown: float | None = options.get("countdown")
    return eta if countdown is None else clock.now() + timedelta(seconds=countdown)


def _run_id(message_id: str) -> UUID:
    """Return the run that a message rings for (see Note [Message ids]); a foreign id gets a run of its own."""
    head = message_id.partition(".")[0]
    try:
        return UUID(head)
    except ValueError:
        return uuid5(NAMESPACE_OID, message_id)


def _in_words(verdict: Verdict) -> str:
    match verdict:
        case TryAt(at=at):
            return f"due again at {at:%Y-%m-%d %H:%M:%S} UTC"
        case Bury():
            return "dead letter"
        case _:
            return "given up: the next slot is due first"
