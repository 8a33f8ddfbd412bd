"""Which instalments are told today, and in what words. Pure; Toman are whole, grams a milligram, days Tehran's.

An instalment is told once before it is due, from the shop's `remind_days_before` on, and once at each of its stages
(1, 7, 15, 30 days late). Whoever comes late, since no run took place on the very day, is told the stage that was
reached, and none that was passed over: nobody gets four reminders because the engine slept for a month.

What is owed is what the plan and the payments leave. A contract fixes it in Toman on the day it is signed
(`gold_installments.terms`), so the amount needs no price of today and is always told. What it is worth in grams of 18
karat gold does: that is told only with an accepted price, and with the age of that price. No price, no amount of gold.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from zargar.calendars.jalali import write_date
from zargar.gold_installments.standing import Unpaid
from zargar.notifications.audiences.reminders import Reminder, end_of_day
from zargar.notifications.kinds import Kind
from zargar.notifications.manners import Policy
from zargar.persian import ago, number, toman

KARAT: Final = 18
_MILLIGRAM: Final = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class GoldPrice:
    """What a gram of 18 karat costs in whole Toman, and how long ago that was agreed on."""

    per_gram: Decimal
    age: timedelta


def remind(
    unpaid: Iterable[Unpaid], *, today: date, policy: Policy, price: GoldPrice | None
) -> Iterator[Reminder]:  # fmt: skip
    """Yield what is to be told of these instalments today."""
    for one in unpaid:
        late = one.days_late(today)
        if late > 0:
            stage = stage_of(late, policy.overdue_stages)
            if stage is not None:
                yield _overdue(one, late, stage, today, price)
        elif policy.remind_days_before and -late <= policy.remind_days_before:
            yield _due_soon(one, -late, today, price)


def horizon(policy: Policy) -> timedelta:
    """Return how far ahead instalments are looked for."""
    return timedelta(days=policy.remind_days_before)


def stage_of(days_late: int, stages: Iterable[int]) -> int | None:
    """Return the last stage that is reached; None before the first."""
    return max((stage for stage in stages if 0 < stage <= days_late), default=None)


def grams_of(amount: int, price: GoldPrice) -> Decimal:
    """Return how much gold an amount buys, to a milligram, half up."""
    return (Decimal(amount) / price.per_gram).quantize(_MILLIGRAM, rounding=ROUND_HALF_UP)


def _overdue(one: Unpaid, late: int, stage: int, today: date, price: GoldPrice | None) -> Reminder:
    return Reminder(
        event_key=f"{Kind.PAYMENT_OVERDUE}:{one.instalment_id}:{stage}",
        kind=Kind.PAYMENT_OVERDUE,
        customer_id=one.customer_id,
        values={**_values(one, price), "days_late": number(late)},
        line=f"{_line(one, price)}، {number(late)} روز گذشته",
        expires_at=end_of_day(today),
    )


def _due_soon(one: Unpaid, days: int, today: date, price: GoldPrice | None) -> Reminder:
    """What is due today says so by having no number of days."""
    in_days = {"days": number(days)} if days else {}
    return Reminder(
        event_key=f"{Kind.PAYMENT_REMINDER}:{one.instalment_id}",
        kind=Kind.PAYMENT_REMINDER,
        customer_id=one.customer_id,
        values={**_values(one, price), **in_days},
        line=_line(one, price),
        expires_at=end_of_day(today),
    )


def _values(one: Unpaid, price: GoldPrice | None) -> Mapping[str, str]:
    values = {
        "due_date": write_date(one.due_on),
        "installment": _which(one),
        "amount": toman(one.left),
    }
    if price is None:
        return values
    return {**values, "grams": number(grams_of(one.left, price)), "price_age": ago(price.age)}


def _line(one: Unpaid, price: GoldPrice | None) -> str:
    """Tell it in a digest, which says once how old the price is."""
    grams = "" if price is None else f" ({number(grams_of(one.left, price))} گرم)"
    return f"قسط {_which(one)}، سررسید {write_date(one.due_on)}، {toman(one.left)} تومان{grams}"


def _which(one: Unpaid) -> str:
    return f"{number(one.sequence)} از {number(one.count)}"
