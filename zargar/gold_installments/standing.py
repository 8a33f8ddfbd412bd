"""Where a contract stands: payments fill its instalments in their order, whenever they came. Pure; Toman are whole."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from zargar.gold_installments.terms import Planned


@dataclass(frozen=True, slots=True)
class Share:
    """One instalment and how much of it is paid."""

    planned: Planned
    paid: int

    @property
    def left(self) -> int:
        """What is still owed of it."""
        return self.planned.amount - self.paid

    def overdue(self, today: date) -> bool:
        """Whether it should have been paid before today; on its day it is due, not overdue."""
        return self.left > 0 and self.planned.due_on < today


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaid:
    """One instalment of which something is still owed (`left`, Toman), with what a reminder says of it."""

    customer_id: int
    contract_id: int
    contract_number: str
    instalment_id: int
    sequence: int
    count: int
    due_on: date
    left: int

    def days_late(self, today: date) -> int:
        """How many days ago it was due; 0 on its day, negative before."""
        return (today - self.due_on).days


def shares(plan: Iterable[Planned], *, paid: int) -> Iterator[Share]:
    """Fill the instalments, first to last, with what was paid in all."""
    left = paid
    for planned in sorted(plan, key=lambda one: one.sequence):
        share = min(left, planned.amount)
        left -= share
        yield Share(planned, share)


def overdue(plan: Iterable[Planned], *, paid: int, today: date) -> int:
    """Return how much is overdue in all."""
    return sum(share.left for share in shares(plan, paid=paid) if share.overdue(today))
