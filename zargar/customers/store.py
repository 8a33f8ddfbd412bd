"""The rows of customers, consents and appointments of the shop that is entered; every call is set-based."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from django.db.models import F

from zargar.customers.models import Appointment, AppointmentState, Consent, Customer
from zargar.customers.people import Booked, Born, Person, Way


def people(ids: Collection[int]) -> Mapping[int, Person]:
    """Return customers by id, with what they agreed to; those that are gone are left out. Two statements."""
    given, declined = _ways(ids)
    return {
        row.id: Person(
            id=row.id, full_name=row.full_name, mobile=row.mobile, email=row.email,
            quiet=(row.quiet_since, row.quiet_until) if row.quiet_since and row.quiet_until else None,
            given=frozenset(given[row.id]), declined=frozenset(declined[row.id] - given[row.id]),
        )
        for row in Customer.objects.filter(id__in=ids)
    }  # fmt: skip


def ids_after(after: int, *, at_most: int) -> Sequence[int]:
    """Return the ids of the next customers, in order."""
    return list(Customer.objects.filter(id__gt=after).order_by("id").values_list("id", flat=True)[:at_most])


def born_on(days: Collection[date], *, after: int, at_most: int) -> Sequence[Born]:
    """Return the next customers who were born on one of these days."""
    rows = Customer.objects.filter(birth_date__in=days, id__gt=after).order_by("id")
    found = rows.values_list("id", "birth_date")[:at_most]
    return [Born(customer, born) for customer, born in found if born is not None]


def booked(since: datetime, until: datetime, *, after: int, at_most: int) -> Sequence[Booked]:
    """Return the next standing appointments of [since, until), by customer and then by id: a customer's lie together.

    A page ends with a customer's last one; `after` is a customer's id.
    """
    rows = Appointment.objects.filter(state=AppointmentState.BOOKED, at__gte=since, at__lt=until)
    whose = rows.filter(customer_id__gt=after).order_by("customer_id").values("customer_id").distinct()[:at_most]
    found = rows.filter(customer_id__in=whose).order_by("customer_id", "at", "id")
    return [Booked(*row) for row in found.values_list("id", "customer_id", "at", "subject")]


def give(customers: Collection[int], way: Way, *, source: str, now: datetime) -> int:
    """Let a consent stand for these customers, where it does not yet; return how many are new."""
    channel, purpose = way
    standing = Consent.objects.filter(customer_id__in=customers, channel=channel, purpose=purpose, withdrawn_at=None)
    known = set(standing.values_list("customer_id", flat=True))
    fresh = [one for one in dict.fromkeys(customers) if one not in known]
    rows = [
        Consent(customer_id=one, channel=channel, purpose=purpose, given_at=now, source=source) for one in fresh
    ]  # fmt: skip
    # Somebody else may give the same in this moment: the constraint lets one of the two stand.
    Consent.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def withdraw(customers: Collection[int], way: Way, *, now: datetime) -> int:
    """Take a standing consent back; return how many stood. One that was given after `now` ends as it begins."""
    channel, purpose = way
    rows = Consent.objects.filter(customer_id__in=customers, channel=channel, purpose=purpose, withdrawn_at=None)
    late = rows.filter(given_at__gt=now).update(withdrawn_at=F("given_at"))
    return late + rows.update(withdrawn_at=now)


def decline(customer: int, way: Way, *, source: str, now: datetime) -> bool:
    """Keep that a customer, who is held, does not agree; False when that is kept. It needs no consent before it.

    A refusal that came before any consent is kept as a consent that ends as it begins.
    """
    if withdraw([customer], way, now=now):
        return True
    channel, purpose = way
    rows = Consent.objects.filter(customer_id=customer, channel=channel, purpose=purpose)
    if rows.exists():
        return False
    Consent.objects.create(
        customer_id=customer, channel=channel, purpose=purpose, given_at=now, withdrawn_at=now, source=source
    )  # fmt: skip
    return True


def with_mobile(mobile: str) -> Sequence[int]:
    """Return the customer with this number (E.164), or nobody."""
    return list(Customer.objects.filter(mobile=mobile).values_list("id", flat=True))


def known_mobiles(mobiles: Collection[str]) -> frozenset[str]:
    """Return those of the numbers that the shop has."""
    return frozenset(Customer.objects.filter(mobile__in=mobiles).values_list("mobile", flat=True))


def add_all(rows: Sequence[Customer]) -> Mapping[str, int]:
    """Keep new customers; return their ids by number. One whose number came meanwhile is left out."""
    Customer.objects.bulk_create(rows, ignore_conflicts=True)
    # With conflicts ignored the ids do not come back: they are asked for by what tells customers apart.
    found = Customer.objects.filter(mobile__in=[row.mobile for row in rows])
    return dict(found.values_list("mobile", "id"))


def _ways(ids: Collection[int]) -> tuple[dict[int, set[Way]], dict[int, set[Way]]]:
    given: dict[int, set[Way]] = defaultdict(set)
    declined: dict[int, set[Way]] = defaultdict(set)
    rows = Consent.objects.filter(customer_id__in=ids).order_by()
    for customer, channel, purpose, withdrawn in rows.values_list(
        "customer_id", "channel", "purpose", "withdrawn_at"
    ):  # fmt: skip
        (given if withdrawn is None else declined)[customer].add((channel, purpose))
    return given, declined
