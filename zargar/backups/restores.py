"""Restore a shop in its own place, and undo that. The calls of commands; what is kept for undo goes in `put_aside`.

Note [In a shop's place]
------------------------
1. Restore beside, proven by its facts, and migrate the copy forward. The shop works on.
2. Close the shop (`restoring`: work that comes is tried again later) and hold it: work inside it ends.
3. Hold its tables still, so that nobody writes past the suspension either. What differs row by row is listed then, and
   the safety snapshot is taken then: both are exactly of what is put aside.
4. In the same transaction lock every table of both copies and rename: each payment is in exactly one of the two. The
   sequences go on where the copy that is put aside has come to: no number is given twice.
5. Hand the shop to the domains that must not be rewound, and give it its state back. What was live is kept for undo.

Whatever fails, on whichever step, is put back: the shop has its own tables and its own state, the copy is gone, the row
says what happened. A killed process cannot do that; the next restore or undo of that shop does it first, by what it
finds in the database, and migrates what it puts back. Undo is the same with the kept schema for a copy, and can be
undone itself.

Where somebody has opened the shop meanwhile, its people have worked in the copy. Then that restore is done: nothing is
put back in its place without its rows being listed, in a snapshot and kept, which is what undo does.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Final
from uuid import UUID

import psycopg
from django.db import DatabaseError, transaction

from zargar.backups import leaning, operations, restore_store, swap
from zargar.backups.apart import rows_apart
from zargar.backups.copied import Desk, bring_forward, copied, hand_back, hand_over
from zargar.backups.models import Restore, RestoreState
from zargar.backups.restore_store import SWAP_LOCK
from zargar.backups.restoring import NotInBackupError
from zargar.backups.retention import Kind
from zargar.outcomes import Outcome
from zargar.refusals import InvalidError, NotFoundError, RefusedError
from zargar.shops import operations as shops
from zargar.shops import schemas
from zargar.shops.models import Shop, State
from zargar.shops.operations import ShopStateError

log = logging.getLogger(__name__)

_EXPECTED: Final = (Outcome, RefusedError, NotFoundError, InvalidError, psycopg.Error, DatabaseError)
"""What may go wrong in a restore without being a bug of the program."""


class ConfirmError(InvalidError):
    """What a restore replaces was not confirmed: type the shop's domain (`zargar shops list`)."""


class RestoreBusyError(RefusedError):
    """Another process restores that shop at this moment."""


class RestoreFailedError(RefusedError):
    """A restore failed after the shop was closed. Everything was put back, as the message says."""


class HalfRestoredError(RefusedError):
    """A restore failed, and so did putting it back: the shop stays closed until `zargar restore undo` settles it."""


class UnfinishedRestoreError(RefusedError):
    """A restore has closed that shop and did not come to an end: `zargar restore undo` settles it, and opens it."""


class NothingKeptError(NotFoundError):
    """No copy of that shop is kept: it was never restored in its place, or the kept copy is dropped."""


def in_place(
    desk: Desk, *, slug: str, backup: UUID, identity: str, confirm: str, actor: str, reason: str
) -> Restore:  # fmt: skip
    """Restore a live shop in its place: see Note [In a shop's place]. Returns the restore, which can be undone.

    The shop is the one of that id, whatever it is called now; by its name it is looked for in a backup of which the
    catalogue knows nothing. Raises `zargar.backups.leaning.LeanedOnError`, `ConfirmError`, `RestoreBusyError`,
    `RestoreFailedError`, `HalfRestoredError`, `zargar.backups.forward.NewerBackupError`, and as `restoring.beside`.
    """
    shop = shops.named(slug)
    confirmed(shop, confirm)
    with alone(desk, shop.id):
        settle(desk, shop.id)
        called = _called(shop, backup)
        row = _begin(desk, shop, backup=backup, undoes=None, actor=actor, reason=reason)
        with _or_as_it_was(desk, row):
            done = copied(desk, slug=called, backup=backup, to=row.copy, identity=identity)
            restore_store.taken(row, taken_at=done.taken_at)
            _take_place(desk, row)
    return row


def undo(desk: Desk, *, slug: str, confirm: str, actor: str, reason: str) -> Restore:
    """Put back what the shop's last restore had put aside, in the same order, or settle a restore that was killed.

    What was put aside is migrated forward first, as a copy out of a backup is. Returns the undo, which keeps what was
    live and can be undone, or the settled restore. Raises `NothingKeptError`, and as `in_place`.
    """
    shop = shops.named(slug)
    confirmed(shop, confirm)
    with alone(desk, shop.id):
        settled = settle(desk, shop.id)
        if settled:
            return settled[0]  # what has become live and been worked in is none of these: it is undone as any other
        last = restore_store.last_done(shop.id)
        if last is None:
            message = f"no copy of {slug} is kept; `zargar restore kept` shows those that are"
            raise NothingKeptError(message)
        row = _begin(desk, shop, backup=None, undoes=last, actor=actor, reason=reason)
        with _or_as_it_was(desk, row):
            bring_forward(desk, row.copy)  # what was put aside has had no part in the migrations since
            restore_store.taken(row, taken_at=last.swapped_at or last.began_at)
            _take_place(desk, row)
    return row


def settle(desk: Desk, shop_id: int) -> Sequence[Restore]:
    """Put back what killed restores of a shop left; return these. The caller is `alone` with the shop.

    One whose copy has been worked in since is done, and not among them.
    """
    left = restore_store.unfinished(shop_id)
    return [row for row in left if _put_back(desk, row, fault="its process was lost")]


def confirmed(shop: Shop, confirm: str) -> None:
    """Look whether one of the shop's domains was typed. Raises `ConfirmError`."""
    domains = sorted(str(domain.domain) for domain in shop.domains.all()) or [str(shop.schema_name)]
    if confirm not in domains:
        message = f"--confirm {confirm!r} is not {shop.schema_name}'s domain ({' or '.join(domains)}); nothing was done"
        raise ConfirmError(message)


@contextmanager
def alone(desk: Desk, shop_id: int) -> Iterator[None]:
    """Be the only one who restores that shop; the lock goes with this process. Raises `RestoreBusyError`."""
    with closing(desk.house.connect()) as session:
        session.autocommit = True
        [(got,)] = session.execute("SELECT pg_try_advisory_lock(%s, %s)", [SWAP_LOCK, shop_id]).fetchall()
        if not got:
            raise RestoreBusyError(RestoreBusyError.__doc__)
        yield


def _begin(
    desk: Desk, shop: Shop, *, backup: UUID | None, undoes: Restore | None, actor: str, reason: str
) -> Restore:  # fmt: skip
    if not reason.strip():
        message = f"a restore of {shop.schema_name} needs a reason: say why, in a sentence"
        raise InvalidError(message)
    state = State(shops.numbered(shop.id).state)  # it may have been settled since
    if state not in {State.ACTIVE, State.SUSPENDED}:
        message = f"{shop.schema_name} is {state}: it is restored in its place when it is active or suspended"
        raise ShopStateError(message)
    with closing(desk.house.connect()) as owner:
        leaning.check(owner, shop.schema_name)
    return restore_store.begin(
        shop=shop.id, schema=shop.schema_name, backup=backup, undoes=undoes, actor=actor, reason=reason,
        now=desk.house.clock(),
    )  # fmt: skip


def _called(shop: Shop, backup: UUID) -> str:
    """Return what a backup calls a shop. Another one may have had its name then, and must not come into its place."""
    names, slug = restore_store.names_in(backup), str(shop.schema_name)
    if not names:
        return slug
    if str(shop.id) not in names:
        also = f"; what it calls {slug} is of another shop" if slug in names.values() else ""
        message = f"backup {backup} does not hold {slug} (shop {shop.id}){also}"
        raise NotInBackupError(message)
    return names[str(shop.id)]


def _take_place(desk: Desk, row: Restore) -> None:
    """Close the shop, list what differs, take the snapshot, swap, hand over, reopen."""
    shop = shops.numbered(row.shop)
    _close(row, shop)
    with schemas.held(shop.id, wait=desk.wait):
        slug = shops.numbered(shop.id).schema_name
        with closing(desk.house.connect()) as owner, owner.transaction():
            swap.hold_still(owner, slug, wait=desk.wait)
            leaning.check(owner, slug)
            with closing(desk.house.connect()) as reader:
                apart = rows_apart(reader, live=slug, restored=row.copy, keys=desk.differences)
                restore_store.listed_apart(row, apart)
            made = operations.back_up_shop(
                house=desk.house, shop_id=shop.id, kind=Kind.SNAPSHOT, reason=f"before restore {row.pk} of {slug}"
            )
            restore_store.snapped(row, snapshot=made.backup.id)
            swap.swap(owner, live=slug, restored=row.copy, kept=row.kept, wait=desk.wait)
            swap.number_on(owner, live=slug, kept=row.kept)
        restore_store.swapped(row, now=desk.house.clock())
        hand_over(desk.unwound, shop.id, taken_at=row.taken_at or row.began_at, replaced=row.kept)
        with transaction.atomic():
            restore_store.done(row, now=desk.house.clock())
            shops.reopen(slug=slug, to=State(row.shop_was), actor=row.actor, reason=row.reason)


def _close(row: Restore, shop: Shop) -> None:
    with transaction.atomic():
        was = shops.close(slug=shop.schema_name, actor=row.actor, reason=row.reason)
        restore_store.closed(row, shop_was=was)


@contextmanager
def _or_as_it_was(desk: Desk, row: Restore) -> Iterator[None]:
    try:
        yield
    except BaseException as fault:  # a Ctrl-C too: the shop is put back, and the error goes on
        closed = row.state != RestoreState.PREPARING
        said = str(fault) or type(fault).__name__
        try:
            put_back = _put_back(desk, row, fault=f"{type(fault).__name__}: {fault}")
        except _EXPECTED as second:
            message = f"the restore of {row.schema} failed ({said}), and putting it back did too: {second}"
            raise HalfRestoredError(message) from fault
        if not isinstance(fault, _EXPECTED):
            raise
        if not put_back:
            message = f"{row.schema} was opened meanwhile, so that its restored copy stays: {said}"
            message = f"{message}; what was live is kept as {row.kept}, `zargar restore undo` brings it back"
            raise RestoreFailedError(message) from fault
        if closed:
            message = f"{row.schema} is as it was and {row.shop_was} again, the restored copy is gone: {said}"
            raise RestoreFailedError(message) from fault
        raise


def _put_back(desk: Desk, row: Restore, *, fault: str) -> bool:
    """Make of a restore that did not end nothing at all; the database says how far it came. Repeatable.

    False where the copy is live and open, so that people have worked in it: then the restore is done.
    """
    with closing(desk.house.connect()) as owner:
        if swap.there(owner, row.kept):
            with schemas.held(row.shop, wait=desk.wait):
                shop = shops.numbered(row.shop)
                if shop.state != State.RESTORING:
                    restore_store.swapped(row, now=row.swapped_at or desk.house.clock())
                    restore_store.done(row, now=desk.house.clock())
                    return False
                swap.swap(owner, live=shop.schema_name, restored=row.kept, kept=row.copy, wait=desk.wait)
        if row.undoes is None:
            swap.drop(owner, row.copy, wait=desk.wait)
    shop = shops.numbered(row.shop)
    closed = shop.state == State.RESTORING and bool(row.shop_was)  # a copy that was only being made has not closed it
    if closed:
        bring_forward(desk, shop.schema_name, shop_id=shop.id)  # `zargar shops migrate` takes no closed shop
        fault = _handed_back(desk, row, fault)
    with transaction.atomic():
        if closed:
            shops.reopen(slug=shop.schema_name, to=State(row.shop_was), actor=row.actor, reason=row.reason)
        restore_store.failed(row, fault=fault, now=desk.house.clock())
    return True


def _handed_back(desk: Desk, row: Restore, fault: str) -> str:
    """Hand back what was handed over. What a domain cannot do is said beside the fault: no shop stays closed for it."""
    if row.swapped_at is None:
        return fault
    with schemas.held(row.shop, wait=desk.wait):
        try:
            hand_back(desk.unwound, row.shop)
        except _EXPECTED as second:
            log.warning("%s was put back, and not handed back: %s", row.schema, second)
            return f"{fault}; and it was not handed back: {second}"
    return fault
