"""Where the mark is read: see `zargar.pricing.marks`."""

from datetime import datetime

from zargar.pricing import store
from zargar.pricing.current import Standing, answer
from zargar.pricing.marks import Mark
from zargar.pricing.models import Override, Tick
from zargar.pricing.readings import State


def newest(*, now: datetime) -> Mark | None:
    """Return the mark at `now`; None when no price was ever accepted or set.

    The answer names the row by its moment, and rows of prices are never changed, so a second look finds the same one.
    """
    answered = answer(store.facts(), now=now)
    if answered.price is None or answered.at is None:
        return None
    if answered.standing is Standing.OPERATOR:
        found = Override.objects.filter(created_at=answered.at).order_by("-id").values_list("id", flat=True).first()
        return None if found is None else Mark(by_operator=True, id=found, price=answered.price, at=answered.at)
    ticks = Tick.objects.filter(at=answered.at, state=State.ACCEPTED)
    found = ticks.order_by("-id").values_list("id", flat=True).first()
    return None if found is None else Mark(by_operator=False, id=found, price=answered.price, at=answered.at)
