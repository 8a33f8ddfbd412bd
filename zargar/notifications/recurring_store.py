"""The rows of recurring messages of the shop that is entered."""

from collections.abc import Sequence

from zargar.notifications.shop.models import Recurring


def running() -> Sequence[int]:
    """Return the ids of those that are not paused."""
    return list(Recurring.objects.filter(paused=False).order_by("id").values_list("id", flat=True))


def held(recurring_id: int) -> Recurring | None:
    """Return one that is not paused, held until the transaction ends; None while somebody else holds it."""
    rows = Recurring.objects.select_for_update(skip_locked=True)
    return rows.filter(id=recurring_id, paused=False).first()


def named(name: str) -> Recurring | None:
    """Return the one of this name, held until the transaction ends."""
    return Recurring.objects.select_for_update().filter(name=name).first()


def all_rows() -> Sequence[Recurring]:
    """Return all, by name."""
    return list(Recurring.objects.order_by("name"))


def keep(row: Recurring) -> None:
    """Write a row."""
    row.save()


def remove(row: Recurring) -> None:
    """Remove a row."""
    row.delete()
