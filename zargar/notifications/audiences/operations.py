"""The calls by which customers come to be told what concerns them. `now` (aware UTC) is an argument.

Each takes one shop, or all active ones (`walk`), and may be called again at any time: an event is told once
(`telling`). Each page of customers costs the same number of statements, whatever is in it.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from zargar import names
from zargar.clock import TEHRAN
from zargar.customers import operations as customers
from zargar.gold_installments import operations as contracts
from zargar.notifications import told_store
from zargar.notifications.audiences import appointments, birthdays, payments, recurring, walk
from zargar.notifications.audiences.payments import GoldPrice
from zargar.notifications.audiences.reminders import Reminder
from zargar.notifications.audiences.telling import PAGE, Counts, Shop, tell
from zargar.outcomes import Summary
from zargar.pricing import operations as pricing
from zargar.pricing.karats import Fineness


def remind_payments(*, shop_id: int | None = None, fineness: Fineness, now: datetime) -> Summary:
    """Remind of instalments that fall due or are overdue today, of one shop or of all active ones.

    `fineness` is what 18 karat means here (`pricing.wiring.fineness()`). The price is read once for all shops; where
    there is none, amounts are told in Toman alone. Raises as `walk.for_shops`.
    """
    answered = pricing.current_price(now=now, fineness=fineness)
    per_gram = answered.karats.get(payments.KARAT)
    price = GoldPrice(per_gram, answered.age) if per_gram is not None and answered.age is not None else None
    today = now.astimezone(TEHRAN).date()

    def one(shop: Shop) -> Counts:
        until = today + payments.horizon(shop.policy)

        def page(after: int) -> tuple[Sequence[int], Iterable[Reminder]]:
            who = contracts.customers_due(until=until, after=after, at_most=PAGE)
            unpaid = contracts.unpaid(until=until, customers=who) if who else ()
            return who, payments.remind(unpaid, today=today, policy=shop.policy, price=price)

        return _in_pages(page, shop, now)

    return walk.for_shops(
        names.SEND_DAILY_PAYMENT_REMINDERS, one, shop_id=shop_id, slot=today.isoformat(), now=now
    )  # fmt: skip


def greet(*, shop_id: int | None = None, now: datetime) -> Summary:
    """Greet those who have birthday today (Jalali) and agreed to it. Raises as `walk.for_shops`."""
    today = now.astimezone(TEHRAN).date()

    def one(shop: Shop) -> Counts:
        missing = shop.policy.leap_birthdays
        days = birthdays.days_of_birth(today, missing=missing)

        def page(after: int) -> tuple[Sequence[int], Iterable[Reminder]]:
            found = customers.born_on(days=days, after=after, at_most=PAGE)
            return [born.customer_id for born in found], birthdays.greet(found, today=today, missing=missing)

        return _in_pages(page, shop, now)

    return walk.for_shops(names.SEND_BIRTHDAY_GREETINGS, one, shop_id=shop_id, slot=today.isoformat(), now=now)


def remind_appointments(*, shop_id: int | None = None, now: datetime) -> Summary:
    """Remind of tomorrow's appointments that stand. Raises as `walk.for_shops`."""
    since, until = appointments.tomorrow(now)

    def one(shop: Shop) -> Counts:
        def page(after: int) -> tuple[Sequence[int], Iterable[Reminder]]:
            found = customers.booked(since=since, until=until, after=after, at_most=PAGE)
            return list(dict.fromkeys(booked.customer_id for booked in found)), appointments.remind(found)

        return _in_pages(page, shop, now)

    slot = now.astimezone(TEHRAN).date().isoformat()
    return walk.for_shops(names.SEND_APPOINTMENT_REMINDERS, one, shop_id=shop_id, slot=slot, now=now)


def run_recurring(*, shop_id: int | None = None, now: datetime) -> Summary:
    """Send the recurring messages that are owed. Raises as `walk.for_shops`."""

    def one(shop: Shop) -> Counts:
        return recurring.run_all(shop, now=now)

    slot = f"{now.astimezone(TEHRAN):%Y-%m-%dT%H}"
    return walk.for_shops(names.PROCESS_RECURRING_SCHEDULES, one, shop_id=shop_id, slot=slot, now=now)


def forget_told(*, before: datetime, at_most: int) -> int:
    """Forget at most so many events that were told before a moment; return how many. Call again until none go.

    An instalment that is still unpaid when its last stage is forgotten is told that stage once more: after the period
    of the journal (two years, unless it is set otherwise) that is no mistake.
    """
    return told_store.forget(before=before, at_most=at_most)


def _in_pages(
    page: Callable[[int], tuple[Sequence[int], Iterable[Reminder]]], shop: Shop, now: datetime
) -> Counts:  # fmt: skip
    """Tell page after page until one is not full. Each is one transaction."""
    counts, after = Counts(), 0
    while True:
        who, reminders = page(after)
        counts += tell(reminders, shop=shop, now=now)
        if len(who) < PAGE:
            return counts
        after = who[-1]
