"""What the demo claims of messages, put to the test on the running house: see `proofs`.

The sandbox's own count of what it accepted, by the reader's number, is what is believed: not what the outbox says. What
decency holds back (a promotion at night, a day of mourning) is to wait until a moment that lies ahead, and its reason
is the evidence; the customer's own business leaves at any hour.
"""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import uuid4

from zargar import clock
from zargar.clock import TEHRAN
from zargar.embedded.house import House
from zargar.embedded.observing import ACTOR, ask_sandbox, ended, expect, run_now, until
from zargar.outcomes import JSON, Summary

COMPANY: Final = "kavenegar"
REASON: Final = "the demo shows that it arrives"
PRICE: Final = 18_600_000
_BORN: Final = 30
"""Years ago, about."""


def messages(house: House) -> JSON:
    """A reminder of an overdue instalment, a birthday greeting and a bulk arrive once each, or say why they wait."""
    shop, customer, number = _customer()
    for entry in ("daily-payment-reminders", "birthday-greetings"):
        run = run_now(entry, reason=REASON)
        done = until(house, lambda run=run: ended(run), what=f"{entry} to be done")  # type: ignore[misc]  # mypy cannot infer a lambda's default
        expect(done.state == "succeeded", f"{entry} is {done.state}: {done.errors}")
    bulk = _bulk(shop)
    told = until(house, lambda: _told(shop, customer, bulk), what="three messages to leave, or to wait for their hour")
    left = sum(1 for one in told if one["state"] == "sent")
    accepted = _accepted(house, number)
    expect(accepted == left, f"{left} messages left, but the company took {accepted} for that number")
    reminder = next(one for one in told if one["kind"] == "payment_overdue")
    expect(reminder["state"] == "sent", f"the reminder is {reminder['state']}: {reminder['why']}")
    evidence: list[JSON] = [*told]
    return {"shop": shop, "accepted": accepted, "messages": evidence}


def _customer() -> tuple[str, int, str]:
    """Sign a contract with a new customer, who has birthday today, agreed to promotion and is five days late."""
    from django.db import transaction  # noqa: PLC0415 -- needs Django set up

    from zargar.customers import operations as customers  # noqa: PLC0415 -- as above
    from zargar.customers.models import Channel, Purpose  # noqa: PLC0415 -- as above
    from zargar.gold_installments import operations as contracts  # noqa: PLC0415 -- as above
    from zargar.gold_installments.models import Contract  # noqa: PLC0415 -- as above
    from zargar.shops import operations as shops  # noqa: PLC0415 -- as above
    from zargar.tenancy import in_tenant  # noqa: PLC0415 -- as above

    shop = next(one for one in shops.listed() if one.state == "active")
    now = clock.now()
    today = now.astimezone(TEHRAN).date()
    with in_tenant(shop.id), transaction.atomic():
        number = f"+98912001{customers.count():04}"
        person = customers.add(full_name="نمونهٔ آزمون", mobile=number, birth_date=_born(today))
        customers.give_consent(
            customer_id=person.pk, channel=Channel.SMS, purpose=Purpose.PROMOTION, source=REASON, now=now
        )
        contracts.sign(
            Contract(
                customer=person, number=f"آزمون {uuid4().hex[:8]}", signed_on=today - timedelta(days=40),
                grams=Decimal("10.000"), karat=18, price_per_gram=PRICE, fees=0, total=10 * PRICE,
                down_payment=5 * PRICE, instalment_count=4, first_due_on=today - timedelta(days=5),
            )
        )  # fmt: skip
    return shop.schema_name, person.pk, number


def _born(today: date) -> date:
    """Return a birth date whose Jalali birthday is today."""
    from zargar.calendars.anniversaries import Missing  # noqa: PLC0415 -- needs Django set up
    from zargar.notifications.audiences.birthdays import days_of_birth  # noqa: PLC0415 -- as above

    return sorted(days_of_birth(today, missing=Missing.BACKWARD))[-_BORN]


def _bulk(shop: str) -> int:
    """Count a bulk and confirm it; return its number."""
    from zargar.notifications import bulk_desk  # noqa: PLC0415 -- needs Django set up
    from zargar.notifications.audiences.bulks import Wish  # noqa: PLC0415 -- as above
    from zargar.notifications.kinds import Kind  # noqa: PLC0415 -- as above

    wish = Wish(kind=Kind.PROMOTION, values={"text": "اجرت همهٔ زنجیرها تا پایان هفته نصف شد."})
    row = bulk_desk.prepare(shop=shop, wish=wish, actor=ACTOR, reason=REASON, now=clock.now())
    bulk_desk.confirm(
        shop=shop, bulk_id=row.pk, messages=row.messages, run=uuid4(), actor=ACTOR, reason=REASON, now=clock.now()
    )
    return int(row.pk)


def _told(shop: str, customer: int, bulk: int) -> list[Summary] | None:
    """Return the customer's three messages once each has left, or waits for a moment that lies ahead; else None."""
    from zargar.notifications import desk  # noqa: PLC0415 -- needs Django set up

    found = [
        one for one in desk.of_customer(shop=shop, customer_id=customer)
        if one["kind"] in {"payment_overdue", "birthday"} or str(one["event"]).startswith(f"bulk:{bulk}:")
    ]  # fmt: skip
    settled = [one for one in found if one["state"] == "sent" or (one["state"] == "queued" and one["why"])]
    return settled if len(settled) == 3 else None  # noqa: PLR2004 -- a reminder, a greeting, a bulk


def _accepted(house: House, number: str) -> int:
    """Ask the company how many messages it took for a number."""
    counts = json.loads(ask_sandbox(house, "GET", f"/_sandbox/sms/{COMPANY}/accepted?by=receptor"))
    return sum(count for receptor, count in counts.items() if receptor[-10:] == number[-10:])
