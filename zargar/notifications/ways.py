"""By which of a shop's ways anything can leave at all: those that an account of the deployment carries for it.

Where none of them has an account, all of them are returned: what is queued waits for an account, until it expires.
"""

from collections.abc import Sequence

from zargar.notifications import account_store, wiring
from zargar.notifications.values import Channel


def carried(shop_id: int, channels: Sequence[Channel]) -> Sequence[Channel]:
    """Return the channels that an account carries for a shop, in the order given; a stopped account counts."""
    able, _ = _by_account(shop_id)
    return [one for one in channels if one in able] or list(channels)


def working_first(shop_id: int, channels: Sequence[Channel]) -> Sequence[Channel]:
    """Return them with those last whose accounts are all stopped: what is urgent does not wait for a person's hand."""
    able, working = _by_account(shop_id)
    found = [one for one in channels if one in able] or list(channels)
    return sorted(found, key=lambda one: one not in working)


def _by_account(shop_id: int) -> tuple[set[Channel], set[Channel]]:
    """Return the channels with an account that has a share, and those with one that can take something now."""
    named = [(name, provider.channel) for name, provider in wiring.providers().items()]
    standings = account_store.standings(shop_id, named) if named else []
    return (
        {one.channel for one in standings if one.share > 0},
        {one.channel for one in standings if one.usable},
    )
