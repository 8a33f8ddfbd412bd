"""What a restored shop does not send again: the port `zargar.backups.ports.RestoredShop`, as messaging keeps it.

The restored outbox is as it was at the backup: what has left since stands there as waiting. So everything in it that is
open is held, until a person releases or cancels it; what the journal knows to have left is marked sent. Opt-outs are
applied again, and the shop's place in the due index follows from what is left. Nothing of the journal or the opt-outs
is touched: they lie in the shared schema, which was not rewound.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from zargar.customers import operations as customers
from zargar.customers.models import Channel as Way
from zargar.customers.models import Purpose as Reason
from zargar.customers.people import Person
from zargar.notifications import due_store, journal_store, outbox_store, recipients
from zargar.notifications.values import Channel

PAGE: Final = 1000
"""Customers, or messages, that are looked at together."""
WHY: Final = "the shop was restored: is it still meant?"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredMessages:
    """Messaging, as whoever restores a shop calls it."""

    key: bytes = field(repr=False)
    clock: Callable[[], datetime]

    def restored(self, shop_id: int, *, taken_at: datetime) -> None:
        """Bring the shop that is entered in line with what has left; in the caller's transaction. Harmless twice."""
        now = self.clock()
        due_store.lift(shop_id)
        self._hold(shop_id, taken_at)
        self._decline_again(shop_id, now)
        waiting, _ = outbox_store.next_due(outbox_store.SHOPS)
        if waiting is not None:
            due_store.due_by(shop_id, max(waiting, now))

    def _hold(self, shop_id: int, taken_at: datetime) -> None:
        left = {
            (event, recipient, channel): (reference, account)
            for event, recipient, channel, reference, account in journal_store.accepted_of(shop_id)
        }
        for page in outbox_store.open_pages(before=taken_at, size=PAGE):
            sent, held = [], []
            for identity, event, to, channel in page:
                found = left.get((event, recipients.digest(self.key, to), channel))
                if found is None:
                    held.append(identity)
                else:
                    sent.append((identity, *found))
            outbox_store.mark_sent(sent, why="it left after the backup was taken")
            outbox_store.hold(held, why=WHY)

    def _decline_again(self, shop_id: int, now: datetime) -> None:
        declined = journal_store.opt_outs(shop_id)
        if not declined:
            return
        ways = {(recipient, channel, purpose) for recipient, channel, purpose, _ in declined}
        for person in _everybody():
            for channel, to in ((Channel.SMS, person.mobile), (Channel.EMAIL, person.email)):
                digest = recipients.digest(self.key, to)
                for purpose in Reason:
                    if to and (digest, channel, purpose.value) in ways:
                        customers.withdraw_consent(
                            customer_id=person.id, channel=Way(channel.value), purpose=purpose, now=now
                        )


def _everybody() -> Iterator[Person]:
    after = 0
    while page := customers.ids_after(after=after, at_most=PAGE):
        yield from customers.people(ids=page).values()
        after = page[-1]
