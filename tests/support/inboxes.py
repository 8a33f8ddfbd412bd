"""The inbox as the contract suite of providers meets it: in a shop, with customers, and nothing that could go wrong."""

from collections import Counter

from tests.support.providers import KEY, Manners, Mischief
from zargar.customers.models import Customer
from zargar.notifications.channels.inbox import Inboxes
from zargar.notifications.ports import Provider
from zargar.notifications.shop.models import InboxMessage
from zargar.notifications.values import Outgoing


class InboxParty:
    """A shop that is entered, and customers who are made as they are written to."""

    name = "inbox"
    manners = Manners(hears=False, tells_ends=False, has_credit=False, knows_again=True)
    mischiefs: frozenset[Mischief] = frozenset()
    secrets = (KEY,)

    def provider(self, *, key: str = KEY, base: str | None = None, patience: float = 5.0) -> Provider:
        """Return it; there is no key to know it by, no place to call it at, and nothing to wait for."""
        del key, base, patience
        return Inboxes(name="own")

    def messages(self, count: int, *, first: int = 1) -> list[Outgoing]:
        made = []
        for n in range(first, first + count):
            customer, _ = Customer.objects.get_or_create(mobile=f"+98912{n:07d}", defaults={"full_name": f"مشتری {n}"})
            made.append(self._message((1 << 60) + n, str(customer.id)))
        return made

    def wrong(self, reference: int) -> Outgoing:
        return self._message(reference, "مریم")

    def blocked(self, reference: int) -> Outgoing:
        """Return one to a customer who is gone: the inbox knows nobody else who would not take it."""
        return self._message(reference, "999999999")

    def befall(self, mischief: Mischief) -> None:
        raise NotImplementedError

    def run_dry(self, *, after: int) -> None:
        raise NotImplementedError

    def settle(self) -> None:
        """Do nothing: what is put is where it ends."""

    def write_back(self, text: str) -> str:
        raise NotImplementedError

    def taken(self) -> Counter[str]:
        return Counter(str(one) for one in InboxMessage.objects.values_list("customer_id", flat=True))

    def calls(self) -> int:
        return InboxMessage.objects.count()

    def begin_anew(self) -> None:
        InboxMessage.objects.all().delete()

    def _message(self, reference: int, to: str) -> Outgoing:
        return Outgoing(reference=reference, to=to, subject="یادآوری قسط", text="قسط شما فردا سررسید می‌شود")
