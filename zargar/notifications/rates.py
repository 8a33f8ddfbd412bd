"""What one part of a text message costs a shop and how much it holds, by the accounts that may carry it.

A shop's messages may leave by several lines, and by which is not known before each call: what is shown and reserved
beforehand is counted at the dearest price and at the shortest part among them, so that it is never less than the bill.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zargar.notifications import account_store, wiring
from zargar.notifications.accounts import Account
from zargar.notifications.channels.sms.parts import LATER_UCS2
from zargar.notifications.routing import Standing
from zargar.notifications.values import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`price`: Rial for one part, None where it is not known; `part`: units of each of several UCS-2 parts."""

    price: int | None = None
    part: int = LATER_UCS2


def dearest(accounts: Iterable[Account]) -> Rate:
    """Return the rate at which no account costs more. Without a price of each there is none. Pure."""
    known = list(accounts)
    prices = [one.price for one in known]
    return Rate(
        price=max(prices) if prices and all(prices) else None,
        part=min((one.part for one in known), default=LATER_UCS2),
    )


def of_shop(shop_id: int) -> Rate:
    """Return the rate of the accounts that may carry a shop's text messages now."""
    usable = {one.name for one in texting(shop_id)}
    return dearest(one for one in wiring.configured() if one.name in usable)


def texting(shop_id: int) -> Sequence[Standing]:
    """Return the accounts that may carry a shop's text messages now."""
    named = [(name, provider.channel) for name, provider in wiring.providers().items()]
    standing = account_store.standings(shop_id, named)
    return [one for one in standing if one.channel is Channel.SMS and one.usable]
