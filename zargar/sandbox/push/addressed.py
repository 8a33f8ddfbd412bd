"""A company that carries to addresses: they are compared as they are written, and cost nothing."""

from collections import defaultdict
from collections.abc import Sequence

from zargar.sandbox.sms.company import Company, Message


class Addressed(Company):
    """See the module."""

    def forget(self) -> None:
        """Begin anew; nothing costs anything."""
        super().forget()
        self.rules.price = 0
        self.shown: dict[str, list[str]] = defaultdict(list)

    def name_of(self, receptor: str) -> str:
        """Return it as it is."""
        return receptor

    def is_number(self, receptor: str) -> bool:
        """Say whether there ever was such an address."""
        return receptor not in self._invalid

    def affords(self, texts: Sequence[str]) -> bool:
        """Say yes, unless the credit was set to nothing."""
        del texts
        return self.rules.credit > 0

    def show(self, receptor: str, text: str, *, at: float, reference: int | None = None) -> Message:
        """Take a message and have it appear at its address."""
        self.shown[receptor].append(text)
        return self.take(receptor, text, sender="", at=at, reference=reference)
