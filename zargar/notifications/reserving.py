"""Credit is set aside for a bulk when it is confirmed, so that two bulks do not both count on the same money.

What is set aside binds bulks alone: a message about a customer's own business leaves as long as its account pays for
it. A bulk may go by any account that its shop uses for text messages, so what another bulk has set aside of one of
these accounts is not there for this one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from zargar.notifications import bulk_store, reserve_store
from zargar.refusals import RefusedError
from zargar.tenancy import ShopGoneError, ShopNotReadyError, ShopSuspendedError, in_tenant


class NoCreditError(RefusedError):
    """What providers have left, less what other bulks reserve, does not pay for the bulk: charge the account first."""


@dataclass(frozen=True, slots=True)
class Funds:
    """What accounts have left together (Rial; None: one of them cannot say), and what other bulks reserve of it."""

    credit: int | None
    reserved: int

    def missing(self, cost: int) -> int:
        """Return how much is missing of a cost; 0 where it is paid for, or where nobody can say."""
        return 0 if self.credit is None else max(cost - (self.credit - self.reserved), 0)


def funds(accounts: Sequence[str], *, now: datetime) -> Funds:
    """Return what there is for a bulk by these accounts."""
    with transaction.atomic():
        credit = reserve_store.credit_of(accounts)
        return Funds(credit, sum(one.rial for one in reserve_store.live(now=now, accounts=accounts)))


def reserve(
    bulk: tuple[int, int], *, event_key: str, accounts: Sequence[str], messages: int, cost: int, now: datetime,
    expires_at: datetime,
) -> None:  # fmt: skip
    """Set aside what a bulk costs, in the transaction that confirms it; its messages are about `event_key`.

    Raises `NoCreditError`.
    """
    found = funds(accounts, now=now)
    missing = found.missing(cost)
    if missing:
        message = (
            f"bulk {bulk[1]} costs {cost} Rial; {found.credit} are left, of which {found.reserved} are reserved for "
            f"other bulks: {missing} Rial are missing. {NoCreditError.__doc__}"
        )
        raise NoCreditError(message)
    reserve_store.keep(
        bulk, event_key=event_key, accounts=accounts, messages=messages, cost=cost, now=now, expires_at=expires_at
    )


def look_after(*, now: datetime, accounts: Sequence[str] | None = None) -> int:
    """Look which messages of bulks will not leave any more, and free what was set aside for them; return how much.

    It is done by the hour, and before a bulk is refused. A shop that cannot be entered keeps what it has set aside.
    """
    before = reserve_store.live(now=now, accounts=accounts)
    reserve_store.expire(now=now)
    for one in before:
        try:
            with in_tenant(one.shop_id), transaction.atomic():
                _look_at((one.shop_id, one.bulk_id))
        except ShopGoneError:
            reserve_store.free((one.shop_id, one.bulk_id))
        except (ShopSuspendedError, ShopNotReadyError):
            continue
    after = reserve_store.live(now=now, accounts=accounts)
    return sum(one.rial for one in before) - sum(one.rial for one in after)


def _look_at(bulk: tuple[int, int]) -> None:
    waiting = bulk_store.still_to_leave(bulk[1])
    if waiting:
        reserve_store.waits(bulk, waiting=waiting)
    else:
        reserve_store.free(bulk)
