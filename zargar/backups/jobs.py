"""What the tasks of backups call: the operations on the deployment's own parts, which a task may find not configured.

A deployment without vaults is one that a person must mend: `Permanent`, so that the run says so at once and is not
tried three times. Arguments come out of a message and are looked at before they are used.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings

from zargar import mail
from zargar.backups import drills, duties, erasing, making, operations, removing, reporting, restores, watch, wiring
from zargar.backups.copied import Desk
from zargar.backups.making import House, Sitting
from zargar.backups.operations import NoSuchBackupError
from zargar.backups.reports import Body
from zargar.backups.retention import Kind
from zargar.backups.wiring import BackupsNotConfiguredError, DrillsNotConfiguredError, NoIdentityError
from zargar.outcomes import JSON, Permanent, Summary

A_DAY: Final = 8
"""Copies that are read back each day, the ones that never were first: two vaults, and four backups a day."""


def house() -> House:
    """Return what makes backups. Raises `Permanent` where it is not configured."""
    try:
        return wiring.house()
    except BackupsNotConfiguredError as missing:
        raise Permanent(str(missing)) from missing


def back_up_all(
    *, kind: Kind, reason: str, job: UUID | None = None, stop: Callable[[], bool] = making.never
) -> Summary:  # fmt: skip
    """Back up the shared schema and every shop, in as many sittings of the run `job` as are needed.

    A sitting ends after the shop in which `stop` first says so, or the setting's time is over. Raises as
    `operations.back_up_all`.
    """
    parts = house()
    over = parts.clock() + settings.BACKUP_SITTING
    sitting = Sitting(job, lambda: job is not None and (stop() or parts.clock() >= over))
    return making.as_json(operations.back_up_all(house=parts, kind=kind, reason=reason, sitting=sitting))


def back_up_shop(*, shop_id: object, kind: Kind, reason: str) -> Summary:
    """Back up one shop. Raises as `operations.back_up_shop`, and `Permanent` for an id that is none."""
    number = _id(shop_id, "shop_id")
    return making.as_json(operations.back_up_shop(house=house(), shop_id=number, kind=kind, reason=reason))


def start(
    *, shop_id: object, operator_id: object, job: UUID | None = None, stop: Callable[[], bool] = making.never
) -> Summary:  # fmt: skip
    """Back up what somebody asked for at the console: one shop, or everything where `shop_id` is None.

    `operator_id` is the number of his account, None where it is not known; the backup says who asked. Raises
    `Permanent` for an id that is none.
    """
    who = "the console" if operator_id is None else f"the console, user {_id(operator_id, 'operator_id')}"
    if shop_id is None:
        return back_up_all(kind=Kind.DAILY, reason=who, job=job, stop=stop)
    return back_up_shop(shop_id=shop_id, kind=Kind.SHOP, reason=who)


def verify(*, backup: object, now: datetime) -> Summary:
    """Read back one backup, or those that were not read back for the longest. Raises `Permanent` for an unknown id."""
    try:
        return operations.verify(vaults=house().vaults, now=now, backup=None if backup is None else _uuid(backup))
    except NoSuchBackupError as unknown:
        raise Permanent(str(unknown)) from unknown


def clean_up(*, now: datetime, ring_drills: Callable[[], object] | None = None) -> Summary:
    """Read copies back, condemn what retention lets go, and remove what has been condemned for the whole grace.

    Every vault is tried first (`duties`). The reading back comes next, and each day: a copy that nobody has read back
    replaces nothing. What restores put aside goes too, once it has been kept for undo long enough. Then ring for the
    day's drills, where a worker does them (`ZARGAR_DRILL_PERIOD_DAYS`).
    """
    places = house().vaults
    tried = duties.daily(places, now=now)
    proven = operations.verify(vaults=places, now=now, at_most=A_DAY)
    swept = removing.sweep({vault.name: vault for vault in places}, wiring.keep(), grace=wiring.grace(), now=now)
    erased = erasing.complete(vaults=places, now=now)
    watch.forget(now=now)
    dropped: list[JSON] = list(restores.expire(Desk(house()), grace=wiring.keep_replaced(), now=now))
    done: Summary = {
        "vaults": duties.summary(tried), **swept.summary(), "read_back": proven["proven"],
        "unanswered": proven["unanswered"], "dropped": dropped,
        "unerased": erased.summary()["still_in"],
    }  # fmt: skip
    if ring_drills is not None and wiring.drill_period() is not None:
        ring_drills()
    return done


def drill() -> Summary:
    """Drill what is due by the rota. Raises `Permanent` in a process without a key, or a server for it."""
    try:
        yard = wiring.yard()
    except (BackupsNotConfiguredError, DrillsNotConfiguredError, NoIdentityError) as missing:
        raise Permanent(str(missing)) from missing
    return drills.run_due(yard, period=wiring.drill_period() or drills.PERIOD, budget=drills.BUDGET).summary()


def report(*, kind: str, now: datetime) -> Summary:
    """Make, keep and mail the reports that are owed. Raises as `reporting.generate`."""
    postbox = mail.postbox() if mail.configured() else None
    return reporting.generate(kind=kind, now=now, vaults=[*settings.VAULTS], postbox=postbox, to=mail.operators())


def report_now(*, kind: str, now: datetime) -> Body:
    """Say how backups stand now. Raises as `reporting.as_of_now`."""
    return reporting.as_of_now(kind=kind, now=now, vaults=[*settings.VAULTS])


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
