"""What restores have put aside: it is listed, it is dropped when a person says so, and it goes after its grace.

A restore in a shop's place keeps what was live for undo, as a schema of its own (Note [In a shop's place] in
`restores`). Whoever drops one is alone with its shop, as whoever restores it is, and drops nothing that something else
in the database leans on: a person who asked is told so, and the nightly clean-up leaves it for another night.

A restore that was killed, and whose shop was deleted since, has left what nobody can settle: `undo` asks for a shop.
That has no grace. The clean-up drops both schemas and closes the restore as failed; where it was an undo, the copy that
it was to bring back is another restore's, and goes when that one's does.
"""

import logging
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta

from zargar.backups import leaning, restore_store, swap
from zargar.backups.copied import Desk
from zargar.backups.leaning import LeanedOnError
from zargar.backups.models import Restore
from zargar.backups.restores import NothingKeptError, RestoreBusyError, alone, confirmed
from zargar.shops import operations as shops
from zargar.shops.operations import NoSuchShopError

log = logging.getLogger(__name__)


def kept() -> Sequence[Restore]:
    """Return the restores whose old copy is kept for undo, the oldest first."""
    return restore_store.kept()


def drop_kept(desk: Desk, *, slug: str, confirm: str, actor: str, reason: str) -> Sequence[Restore]:
    """Drop all that is kept for undo of a shop.

    Raises `NothingKeptError`, `zargar.backups.restores.ConfirmError`, `RestoreBusyError`, `LeanedOnError`.
    """
    shop = shops.named(slug)
    confirmed(shop, confirm)
    with alone(desk, shop.id):
        rows = restore_store.kept(shop=shop.id)
        if not rows:
            raise NothingKeptError(NothingKeptError.__doc__)
        for row in rows:
            _drop(desk, row, actor=actor, reason=reason)
    return rows


def expire(desk: Desk, *, grace: timedelta, now: datetime) -> Sequence[str]:
    """Drop what has been kept for undo for longer than `grace`, and what unfinished restores of deleted shops left.

    Returns the schemas. What is busy or leaned on waits.
    """
    gone = _orphaned(desk)
    for row in restore_store.kept(before=now - grace):
        try:
            with alone(desk, row.shop):
                _drop(desk, row, actor="retention", reason=f"kept for undo for {grace.days} days")
        except (RestoreBusyError, swap.SwapBusyError, LeanedOnError) as waits:
            log.warning("%s is kept for longer: %s", row.kept, waits)
            continue
        gone.append(row.kept)
    return gone


def _orphaned(desk: Desk) -> list[str]:
    """Drop what restores left that did not end, and whose shop is gone: nobody can settle them. Return the schemas."""
    gone = []
    for shop_id in restore_store.unfinished_shops():
        try:
            shops.numbered(shop_id)
        except NoSuchShopError:
            try:
                with alone(desk, shop_id):
                    for row in restore_store.unfinished(shop_id):
                        gone += _drop_orphan(desk, row)
            except (RestoreBusyError, swap.SwapBusyError, LeanedOnError) as waits:
                log.warning("what restores of shop %d left, which is gone, is kept for longer: %s", shop_id, waits)
    return gone


def _drop_orphan(desk: Desk, row: Restore) -> list[str]:
    """Drop both schemas of a restore and close it; what an undo was to bring back is the other restore's, and kept."""
    own = [row.kept] if row.undoes is not None else [row.copy, row.kept]
    gone = []
    with closing(desk.house.connect()) as owner:
        for schema in own:
            leaning.check(owner, schema)
            if swap.drop(owner, schema, wait=desk.wait):
                gone.append(schema)
    restore_store.failed(row, fault="its shop was deleted before it came to an end", now=desk.house.clock())
    return gone


def _drop(desk: Desk, row: Restore, *, actor: str, reason: str) -> None:
    with closing(desk.house.connect()) as owner:
        leaning.check(owner, row.kept)
        swap.drop(owner, row.kept, wait=desk.wait)
    restore_store.dropped(row, actor=actor, reason=reason)
