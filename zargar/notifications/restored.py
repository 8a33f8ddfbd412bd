"""What a restored shop does not send again: the port `zargar.backups.ports.RestoredShop`, as messaging keeps it.

The restored outbox is as it was at the backup: what has left since stands there as waiting. So everything in it that is
open is held, until a person releases or cancels it, whatever time it says that it was queued at: the clocks of programs
and of the database differ, and all that was in the backup is older than the restore. What the journal knows to have
left is marked sent, and what may have left (its worker was cut off in the call) is ambiguous: nobody sends it again but
a person. Opt-outs are applied again, and the shop's place in the due index follows from what is left. Nothing of the
journal or the opt-outs is touched: they lie in the shared schema, which was not rewound.

What was put into a customer's inbox since is there again, out of the copy that was put aside, and what was read is
read: a message that was sent stays sent. Without such a copy (another shop, a new database) the inbox is the backup's.

What was queued after the backup is in the copy that was put aside alone. If it left, the journal guards it; if not, it
never will by itself, so that its event counts as untold, and is told if it is still due when it is next looked for.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from zargar.customers import operations as customers
from zargar.customers.models import Channel as Way
from zargar.customers.models import Purpose as Reason
from zargar.customers.people import Person
from zargar.notifications import (
    due_store,
    inbox_store,
    journal_store,
    optout_store,
    outbox_store,
    recipients,
    told_store,
)
from zargar.notifications.declined import known_by
from zargar.notifications.outbox import Attempt, State
from zargar.notifications.values import Channel

PAGE: Final = 1000
"""Customers, or messages, that are looked at together."""
LEFT: Final = "as the journal has it, which a restore does not rewind"
_STATES: Final[Mapping[Attempt, State]] = MappingProxyType({
    Attempt.ACCEPTED: State.SENT, Attempt.TRYING: State.AMBIGUOUS, Attempt.UNKNOWN: State.AMBIGUOUS,
})  # fmt: skip
"""What a message is of which the journal has an attempt that guards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredMessages:
    """Messaging, as whoever restores a shop calls it."""

    key: bytes = field(repr=False)
    clock: Callable[[], datetime]

    def restored(self, shop_id: int, *, taken_at: datetime, replaced: str | None = None) -> None:
        """Bring the shop that is entered in line with what has left; in the caller's transaction. Harmless twice."""
        now = self.clock()
        due_store.lift(shop_id)
        self._hold(shop_id, taken_at)
        told_store.untell(shop_id, since=taken_at)
        self._decline_again(shop_id, now)
        if replaced is not None:
            inbox_store.carry_over(replaced)
        self.returned(shop_id)

    def returned(self, shop_id: int) -> None:
        """Give the shop that is entered its place in the due index, by what waits in its outbox. Harmless twice."""
        waiting, _ = outbox_store.next_due(outbox_store.SHOPS)
        if waiting is not None:
            due_store.due_by(shop_id, max(waiting, self.clock()))

    def _hold(self, shop_id: int, taken_at: datetime) -> None:
        """Hold all that is open; say of what has left, or may have, what the journal knows of it."""
        why = f"the shop was restored as of {taken_at:%Y-%m-%d %H:%M} UTC: is it still meant?"
        for page in outbox_store.open_pages(size=PAGE):
            names = {
                identity: (event, recipients.digest(self.key, to), Channel(channel))
                for identity, event, to, channel in page
            }
            known = journal_store.known(shop_id, [*names.values()])
            left = [(identity, known[name]) for identity, name in names.items() if name in known]
            outbox_store.mark_left(
                [(identity, _STATES[one.state], one.reference, one.account) for identity, one in left], why=LEFT
            )
            outbox_store.hold([identity for identity, name in names.items() if name not in known], why=why)

    def _decline_again(self, shop_id: int, now: datetime) -> None:
        declined = optout_store.opt_outs(shop_id)
        if not declined:
            return
        ways = {(recipient, channel, purpose) for recipient, channel, purpose, _ in declined}
        for person in _everybody():
            for channel in Channel:
                to = known_by(person, channel)
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
