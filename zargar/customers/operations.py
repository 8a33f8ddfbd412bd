"""What is done with the customers of one shop: the one that the caller has entered by `tenancy.in_tenant`."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from django.db import transaction

from zargar.customers import store
from zargar.customers.models import Channel, Customer, Purpose
from zargar.customers.people import Booked, Born, Person
from zargar.refusals import InvalidError, NotFoundError


class NoSuchCustomerError(NotFoundError):
    """The shop has no such customer."""


def add(*, full_name: str, mobile: str, birth_date: date | None = None) -> Customer:
    """Add a customer; `mobile` is E.164 (see `phones.to_e164`), `birth_date` Gregorian.

    Raises `django.db.IntegrityError` when the shop has that number already, or it is not in that form.
    """
    return Customer.objects.create(full_name=full_name, mobile=mobile, birth_date=birth_date)


def count() -> int:
    """Count the shop's customers."""
    return Customer.objects.count()


def people(*, ids: Collection[int]) -> Mapping[int, Person]:
    """Return customers by id, with what they agreed to; those that are gone are left out. Two statements."""
    return store.people(ids)


def ids_after(*, after: int, at_most: int) -> Sequence[int]:
    """Return the ids of the next customers, in order; 0 to begin."""
    return store.ids_after(after, at_most=at_most)


def born_on(*, days: Collection[date], after: int, at_most: int) -> Sequence[Born]:
    """Return the next customers, by id, who were born on one of these (Gregorian) days."""
    return store.born_on(days, after=after, at_most=at_most)


def booked(*, since: datetime, until: datetime, after: int, at_most: int) -> Sequence[Booked]:
    """Return the standing appointments of [since, until) of the next customers, all of a customer's together."""
    return store.booked(since, until, after=after, at_most=at_most)


def give_consent(
    *, customer_id: int, channel: Channel, purpose: Purpose, source: str, now: datetime
) -> bool:  # fmt: skip
    """Keep that a customer agrees to be written to; False when that stands already.

    Raises `NoSuchCustomerError`, and `InvalidError` where nobody says where the consent comes from.
    """
    if not source.strip():
        message = "a consent is proof only with its source: a form, a talk in the shop"
        raise InvalidError(message)
    with transaction.atomic():
        hold(customer_id=customer_id)
        return bool(store.give([customer_id], (channel, purpose), source=source.strip(), now=now))


def withdraw_consent(*, customer_id: int, channel: Channel, purpose: Purpose, now: datetime) -> bool:
    """Keep that a customer agrees no more; False when no consent stood. Raises `NoSuchCustomerError`."""
    with transaction.atomic():
        hold(customer_id=customer_id)
        return bool(store.withdraw([customer_id], (channel, purpose), now=now))


def decline(*, customer_id: int, channel: Channel, purpose: Purpose, source: str, now: datetime) -> bool:
    """Keep that a customer does not agree, also where they never did; False when that is kept already.

    Who is written to without a consent, about their own business, can decline that too. Raises `NoSuchCustomerError`,
    and `InvalidError` where nobody says where the word comes from.
    """
    if not source.strip():
        message = "a refusal is kept with its source: a form, a talk in the shop"
        raise InvalidError(message)
    with transaction.atomic():
        hold(customer_id=customer_id)
        return store.decline(customer_id, (channel, purpose), source=source.strip(), now=now)


def withdraw_by_mobile(*, mobile: str, channel: Channel, purpose: Purpose, now: datetime) -> int:
    """Keep that whoever has this number (E.164) agrees no more, as by «لغو۱۱»; return how many consents stood."""
    return store.withdraw(store.with_mobile(mobile), (channel, purpose), now=now)


def give_by_mobile(*, mobile: str, channel: Channel, purpose: Purpose, source: str, now: datetime) -> int:
    """Keep that whoever has this number (E.164) agrees, as by «۱۲»; return how many consents are new."""
    return store.give(store.with_mobile(mobile), (channel, purpose), source=source, now=now)


def hold(*, customer_id: int) -> None:
    """Let nobody else change what belongs to a customer until the caller's transaction ends.

    Raises `NoSuchCustomerError`.
    """
    if not Customer.objects.select_for_update(no_key=True).filter(id=customer_id).exists():
        message = f"the shop has no customer {customer_id}"
        raise NoSuchCustomerError(message)
