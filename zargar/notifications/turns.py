"""Turns: one shop's bounded share of sending, and the loop that gives every shop that is due its turn.

Whoever has had a turn and has more to send goes to the end of the queue, so a shop with a hundred thousand messages
delays another one by its share, not by its backlog. A shop that cannot be entered is put off and stops nobody.
"""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from zargar.notifications import asking, delivering, due_store, hearing, house, outbox_store, policy_store, turn_locks
from zargar.notifications.concluding import Tally, Turn
from zargar.notifications.manners import Policy
from zargar.notifications.outbox import State
from zargar.notifications.recipients import first_reference
from zargar.notifications.rows import EAR, PLATFORM
from zargar.notifications.sendable import Post
from zargar.tenancy import ShopGoneError, ShopNotReadyError, ShopSuspendedError, in_tenant

log = logging.getLogger(__name__)

SUSPENDED: Final = timedelta(minutes=10)
"""When a suspended shop is looked at again."""
NOT_READY: Final = timedelta(minutes=1)
STILL_HELD: Final = timedelta(seconds=30)
"""When it is looked again whether the holder of a lease that has ended lives."""


def deliver_due(post: Post, *, budget: timedelta) -> Tally:
    """Give every shop that is due its turn, again and again, until none is or `budget` is used up.

    One statement when nothing is due. Raises `delivering.InTransactionError`, and whatever the database raises.
    """
    delivering.outside_transactions()
    tally = Tally()
    end = post.clock() + budget
    while (now := post.clock()) < end:
        shop_id = due_store.first_due(now=now, until=now + post.lease, ear_by=now + hearing.EVERY)
        if shop_id is None:
            break
        if shop_id == EAR:
            tally.add(_listen(post))
            continue
        if not tally.turns and not house.may_send(post):
            due_store.due_by(shop_id, now)
            break
        tally.add(_turn_of(post, shop_id))
    return tally


def deliver_these(post: Post, *, shop_id: int, ids: Collection[int]) -> Tally:
    """Send these messages of a shop at once, if they wait. Raises as `in_tenant` and as `deliver_due`."""
    delivering.outside_transactions()
    if not house.may_send(post):
        return Tally()
    return take_turn(post, shop_id, only=ids)


def take_turn(post: Post, shop_id: int, *, only: Collection[int] | None = None) -> Tally:
    """Do one shop's share: take over what was lost, ask what is unknown, send what is due; then settle the index."""
    with _entered(shop_id):
        now = post.clock()
        policy = Policy() if shop_id == PLATFORM else policy_store.current()
        turn = Turn(
            post=post, shop_id=shop_id, table=outbox_store.table_of(shop_id), policy=policy, until=now + post.lease,
            number=first_reference(now, post.chance()),
        )  # fmt: skip
        tally = Tally(turns=1)
        with turn_locks.held(turn.number):
            asking.rescue(turn, tally)
            _share(turn, tally, now=now, only=only)
        _settle(turn)
    return tally


def _share(turn: Turn, tally: Tally, *, now: datetime, only: Collection[int] | None) -> None:
    messages = outbox_store.claim(
        turn.table, turn=turn.number, now=now, until=turn.until, at_most=turn.post.share, only=only
    )
    tally.claimed = len(messages)
    unknown = [one for one in messages if one.was is State.ASKING]
    if unknown:
        asking.ask(turn, unknown, tally)
    fresh = [one for one in messages if one.was is State.QUEUED]
    if fresh:
        delivering.deliver(turn, fresh, tally)


def _settle(turn: Turn) -> None:
    """Put the shop back where something is left. See Note [Nobody is missed] in `due_store`."""
    with transaction.atomic():
        due_store.lift(turn.shop_id)
        now = turn.post.clock()
        waiting, lease = outbox_store.next_due(turn.table)
        if waiting is not None:
            due_store.due_by(turn.shop_id, max(waiting, now))
        if lease is not None:  # one that has ended and was not taken over has a holder who lives
            due_store.due_by(turn.shop_id, max(lease, now + min(STILL_HELD, turn.post.lease)))


def _turn_of(post: Post, shop_id: int) -> Tally:
    now = post.clock()
    try:
        return take_turn(post, shop_id)
    except ShopGoneError:
        log.warning("shop %d is gone: its place in the queue goes with it", shop_id)
        due_store.lift(shop_id)
    except ShopSuspendedError:
        _put_off(shop_id, now + SUSPENDED)
    except ShopNotReadyError:
        _put_off(shop_id, now + NOT_READY)
    return Tally(turns=1)


def _put_off(shop_id: int, at: datetime) -> None:
    with transaction.atomic():
        due_store.lift(shop_id)
        due_store.due_by(shop_id, at)


def _listen(post: Post) -> Tally:
    """Hear what providers have to say, unless somebody does: the lock outlasts a lease that was too short."""
    with turn_locks.tried(turn_locks.EAR) as free:
        heard = hearing.hear(post) if free else hearing.Heard()
    due_store.listen_at(post.clock() + hearing.EVERY)
    return Tally(receipts=heard.receipts, wishes=heard.wishes, silent=heard.silent)


@contextmanager
def _entered(shop_id: int) -> Iterator[None]:
    """Be in the shop, or in the shared schema for the platform."""
    if shop_id == PLATFORM:
        yield
        return
    with in_tenant(shop_id):
        yield
