"""Which of a turn's messages may leave now: their facts are read in sets, and `decency` decides on each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from zargar.calendars import event_operations as calendars
from zargar.clock import TEHRAN
from zargar.customers import operations as customers
from zargar.customers.people import Person
from zargar.notifications import decency, journal_store
from zargar.notifications.decency import Decency, Facts
from zargar.notifications.manners import Policy, hours
from zargar.notifications.rows import PLATFORM, Claimed
from zargar.notifications.values import Purpose

AHEAD: Final = timedelta(days=60)
"""How far days of mourning are looked up: a message that waits is judged again when its wait ends."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A message, its recipient's digest, and what is to be done with it."""

    message: Claimed
    recipient: bytes
    decency: Decency


def judge(shop_id: int, messages: Sequence[tuple[Claimed, bytes]], *, policy: Policy, now: datetime) -> list[Judged]:
    """Judge messages of the shop that is entered, at `now` (aware)."""
    promotions = [one for one in messages if one[0].purpose is Purpose.PROMOTION]
    rules = policy.rules(mourning=_mourning(policy, now) if promotions else frozenset())
    refused = journal_store.opted_out(shop_id, {recipient for _, recipient in messages})
    people = _people(shop_id, messages)
    counts = _promoted(shop_id, promotions, policy, now)
    found = []
    for message, recipient in messages:
        way = (message.channel, message.purpose)
        facts = _facts(message, people.get(message.customer_id or 0), policy, counts.get(recipient, 0))
        facts = replace(facts, opted_out=facts.opted_out or (recipient, *way) in refused)
        verdict = decency.decide(facts, now=now, rules=rules)
        if message.purpose is Purpose.PROMOTION and isinstance(verdict, decency.Send):
            # Two promotions to one reader in one turn are two, too.
            counts[recipient] = counts.get(recipient, 0) + 1
        found.append(Judged(message, recipient, verdict))
    return found


def _facts(message: Claimed, person: Person | None, policy: Policy, promotions: int) -> Facts:
    way = (message.channel.value, message.purpose.value)
    own = hours(*person.quiet) if person and person.quiet else None
    return Facts(
        purpose=message.purpose,
        channel=message.channel,
        consented=person is not None and way in person.given,
        opted_out=person is not None and way in person.declined,
        quiet=own or policy.quiet,
        promotions_lately=promotions,
        expires_at=message.expires_at,
    )


def _people(shop_id: int, messages: Sequence[tuple[Claimed, bytes]]) -> Mapping[int, Person]:
    ids = {message.customer_id for message, _ in messages if message.customer_id is not None}
    return customers.people(ids=ids) if ids and shop_id != PLATFORM else {}


def _promoted(
    shop_id: int, promotions: Sequence[tuple[Claimed, bytes]], policy: Policy, now: datetime
) -> dict[bytes, int]:
    if not promotions:
        return {}
    recipients = {recipient for _, recipient in promotions}
    return dict(journal_store.promotions(shop_id, recipients, since=now - policy.cap_period))


def _mourning(policy: Policy, now: datetime) -> frozenset[date]:
    today = now.astimezone(TEHRAN).date()
    return calendars.mourning_days(since=today, until=today + AHEAD, by_choice=policy.first_days_of_muharram)
