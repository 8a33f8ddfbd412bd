"""What the tasks of backups call: the operations on the deployment's own parts, which a task may find not configured.

A deployment without vaults is one that a person must mend: `Permanent`, so that the run says so at once and is not
tried three times. Arguments come out of a message and are looked at before they are used.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings

from zargar import mail
from zargar.backups import (
    drills,
    duties,
    erasing,
    making,
    operations,
    put_aside,
    removing,
    reporting,
    verifying,
    watch,
    wiring,
)  # fmt: skip
from zargar.backups.copied import Desk
from zargar.backups.making import House, Sitting
from zargar.backups.operations import NoSuchBackupError
from zargar.backups.reports import Body
from zargar.backups.retention import Kind
from zargar.backups.stopping import Stop, never
from zargar.backups.wiring import BackupsNotConfiguredError, DrillsNotConfiguredError, NoIdentityError
from zargar.outcomes import JSON, Permanent, Snooze, Summary

A_DAY: Final = 8
"""Copies that are read back each day, the ones that never were first: two vaults, and four backups a day."""

READING: Final = timedelta(minutes=8)
"""How much of the clean-up's 20 minutes reading back may take; what it does not get to has a run of its own."""


TIRED: Final = 0.1
"""Of a sitting's time: after so much of it a pack that may take long begins another sitting, and so has a whole one."""


def house() -> House:
    """Return what makes backups. Raises `Permanent` where it is not configured."""
    try:
        return wiring.house()
    except BackupsNotConfiguredError as missing:
        raise Permanent(str(missing)) from missing


def back_up_all(
    *, kind: Kind, reason: str, job: UUID | None = None, stop: Callable[[], bool] = never,
    spent: Callable[[], bool] = never,
) -> Summary:  # fmt: skip
    """Back up the shared schema and every shop, in as many sittings of the run `job` as are needed.

    A sitting ends after the pack in which `stop` first says so, or the setting's time is over; `spent` says that the
    pack under way is to be given up. Raises as `operations.back_up_all`.
    """
    parts = house()
    sitting = _sitting(parts, job, stop, spent)
    return making.as_json(operations.back_up_all(house=parts, kind=kind, reason=reason, sitting=sitting))


def back_up_shop(
    *, shop_id: object, kind: Kind, reason: str, job: UUID | None = None, spent: Callable[[], bool] = never
) -> Summary:
    """Back up one shop, once for a run `job`. Raises as `operations.back_up_shop`, and `Permanent` for a bad id."""
    number = _id(shop_id, "shop_id")
    parts = house()
    sitting = _sitting(parts, job, never, spent)
    made = operations.back_up_shop(house=parts, shop_id=number, kind=kind, reason=reason, sitting=sitting)
    return making.as_json(made)


def start(
    *, shop_id: object, operator_id: object, job: UUID | None = None, stop: Callable[[], bool] = never,
    spent: Callable[[], bool] = never,
) -> Summary:  # fmt: skip
    """Back up what somebody asked for at the console: one shop, or everything where `shop_id` is None.

    `operator_id` is the number of his account, None where it is not known; the backup says who asked. Raises
    `Permanent` for an id that is none.
    """
    who = "the console" if operator_id is None else f"the console, user {_id(operator_id, 'operator_id')}"
    if shop_id is None:
        return back_up_all(kind=Kind.DAILY, reason=who, job=job, stop=stop, spent=spent)
    return back_up_shop(shop_id=shop_id, kind=Kind.SHOP, reason=who, job=job, spent=spent)


def verify(*, backup: object, now: datetime, stop: Stop = never) -> Summary:
    """Read back one backup, or those whose turn it is, in as many sittings as are needed.

    Raises `Snooze` where `stop` has said so and there is more: the next sitting goes on where this one ended. Raises
    `Permanent` for an unknown id, and `Retryable` when no vault answered.
    """
    wanted = None if backup is None else _uuid(backup)
    try:
        found = operations.verify(vaults=house().vaults, now=now, backup=wanted, stop=stop, go_on=True)
    except NoSuchBackupError as unknown:
        raise Permanent(str(unknown)) from unknown
    if found["left"]:
        message = f"the time is up: {found['left']} copies are still to be read back or completed"
        raise Snooze(message, until=now)
    return found


def clean_up(
    *, now: datetime, ring_drills: Callable[[], object] | None = None, ring_reading: Callable[[], object] | None = None,
    stop: Stop = never, reading: timedelta = READING,
) -> Summary:  # fmt: skip
    """Read copies back, condemn what retention lets go, and remove what has been condemned for the whole grace.

    Every vault is tried first (`duties`), and the day's drills are rung for, where a worker does them
    (`ZARGAR_DRILL_PERIOD_DAYS`): neither depends on what follows. The reading back comes next, and each day: a copy
    that nobody has read back replaces nothing. It has so much time of this run, and what is left it rings for by
    `ring_reading` at the end, as a run of its own. What restores put aside goes too, once it has been kept for undo
    long enough. `stop` is asked between one copy and the next.
    """
    parts = house()
    places = parts.vaults
    tried = duties.daily(places, now=now)
    if ring_drills is not None and wiring.drill_period() is not None:
        ring_drills()
    over = parts.clock() + reading
    read = verifying.verify(places, now=now, at_most=A_DAY, stop=lambda: stop() or parts.clock() >= over)
    named = {vault.name: vault for vault in places}
    swept = removing.sweep(named, wiring.keep(), grace=wiring.grace(), now=now, stop=stop)
    erased = erasing.complete(vaults=places, now=now)
    watch.forget(now=now)
    dropped: list[JSON] = list(put_aside.expire(Desk(parts), grace=wiring.keep_replaced(), now=now))
    if read.left and ring_reading is not None:
        ring_reading()
    return {
        "vaults": duties.summary(tried), **swept.summary(), "read_back": list(read.proven), "left": read.left,
        "unanswered": list(read.unanswered), "missing": list(read.missing), "dropped": dropped,
        "unerased": erased.summary()["still_in"],
    }  # fmt: skip


def drill(*, spent: Stop = never) -> Summary:
    """Drill what is due by the rota; `spent` says that the pack in hand is to be given up.

    Raises `Permanent` in a process without a key, or a server for it, and `Snooze` where one pack took all the time, or
    is to begin a sitting since it did: the others have their turn in the next sitting.
    """
    try:
        yard = wiring.yard()
    except (BackupsNotConfiguredError, DrillsNotConfiguredError, NoIdentityError) as missing:
        raise Permanent(str(missing)) from missing
    period = wiring.drill_period() or drills.PERIOD
    done = drills.run_due(yard, period=period, budget=drills.BUDGET, spent=spent)
    if done.more:
        message = f"a pack took all the time: {done.left} drills are left for the next sitting"
        raise Snooze(message, until=yard.now())
    return done.summary()


def report(*, kind: str, now: datetime) -> Summary:
    """Make, keep and mail the reports that are owed. Raises as `reporting.generate`."""
    postbox = mail.postbox() if mail.configured() else None
    return reporting.generate(kind=kind, now=now, vaults=[*settings.VAULTS], postbox=postbox, to=mail.operators())


def report_now(*, kind: str, now: datetime) -> Body:
    """Say how backups stand now. Raises as `reporting.as_of_now`."""
    return reporting.as_of_now(kind=kind, now=now, vaults=[*settings.VAULTS])


def _sitting(parts: House, job: UUID | None, stop: Callable[[], bool], spent: Callable[[], bool]) -> Sitting:
    """Return the sitting that begins now; without a run there is no other, and so no end to it."""
    if job is None:
        return making.ONE_SITTING
    began, whole = parts.clock(), settings.BACKUP_SITTING
    return Sitting(
        job,
        stop=lambda: stop() or parts.clock() >= began + whole,
        tired=lambda: parts.clock() >= began + TIRED * whole,
        spent=spent,
    )


def _id(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        message = f"{name} is a number; got {value!r}"
        raise Permanent(message)
    return value


def _uuid(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError as bad:
        message = f"a backup's id is a UUID; got {value!r}"
        raise Permanent(message) from bad
