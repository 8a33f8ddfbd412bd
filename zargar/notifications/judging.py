"""Which of a turn's messages may leave now: their facts are read in sets, and `decency` decides on each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from zargar.calendars import event_operations as calendars
from zargar.clock import TEHRAN
from zargar.customers import operations as customers
from zargar.customers.people import Person
from zargar.notifications import decency, declined, journal_store, optout_store
from zargar.notifications.decency import Decency, Facts, Rules
from zargar.notifications.manners import Policy, hours
from zargar.notifications.rows import PLATFORM, Claimed
from zargar.notifications.values import Purpose

AHEAD: Final = timedelta(days=2)
"""How far days of mourning are looked up: no wait for them passes midnight without being judged again."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A message, its recipient's digest, and what is to be done with it: by these facts, under these rules."""

    message: Claimed
    recipient: bytes
    decency: Decency
    facts: Facts
    rules: Rules

    def at(self, now: datetime) -> Decency:
        """Judge it by the same facts at another moment of its turn."""
        return decency.decide(self.facts, now=now, rules=self.rules)


def judge(
    shop_id: int, messages: Sequence[tuple[Claimed, bytes]], *, key: bytes, policy: Policy, now: datetime
) -> list[Judged]:
    """Judge messages of the shop that is entered, each with its recipient's digest under `key`, at `now` (aware)."""
    promotions = [one for one in messages if one[0].purpose is Purpose.PROMOTION]
    rules = policy.rules(mourning=_mourning(policy, now) if promotions else frozenset())
    people = _people(shop_id, messages)
    asked = {recipient for _, recipient in messages} | declined.names(people.values(), key=key)
    refused = optout_store.opted_out(shop_id, asked)
    people = {identity: declined.heeding(person, refused, key=key) for identity, person in people.items()}
    lately = _promoted(shop_id, promotions, policy, now)
    found = []
    for message, recipient in messages:
        way = (message.channel, message.purpose)
        facts = _facts(message, people.get(message.customer_id or 0), policy, lately.of(message, recipient))
        facts = replace(facts, opted_out=facts.opted_out or (recipient, *way) in refused)
        verdict = decency.decide(facts, now=now, rules=rules)
        if message.purpose is Purpose.PROMOTION and isinstance(verdict, decency.Send):
            lately.add(message.customer_id, recipient)  # two promotions to one reader in one turn are two, too
        found.append(Judged(message, recipient, verdict, facts, rules))
    return found


@dataclass(frozen=True, slots=True)
class _Lately:
    """Promotions of the period of the cap, by whose they were and where they went."""

    of_customers: Counter[int] = field(default_factory=Counter)
    of_recipients: Counter[bytes] = field(default_factory=Counter)
    of_both: Counter[tuple[int, bytes]] = field(default_factory=Counter)

    def add(self, customer: int | None, recipient: bytes, count: int = 1) -> None:
        """Count some more."""
        self.of_recipients[recipient] += count
        if customer is not None:
            self.of_customers[customer] += count
            self.of_both[customer, recipient] += count

    def of(self, message: Claimed, recipient: bytes) -> int:
        """Return how many have reached the customer, by whatever way, or this address, whoever's it is."""
        customer = message.customer_id
        if customer is None:
            return self.of_recipients[recipient]
        return self.of_customers[customer] + self.of_recipients[recipient] - self.of_both[customer, recipient]


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


def _promoted(shop_id: int, promotions: Sequence[tuple[Claimed, bytes]], policy: Policy, now: datetime) -> _Lately:
    found = _Lately()
    if promotions:
        recipients = {recipient for _, recipient in promotions}
        whose = {message.customer_id for message, _ in promotions if message.customer_id is not None}
        since = now - policy.cap_period
        for (customer, recipient), count in journal_store.promotions(shop_id, recipients, whose, since=since).items():
            found.add(customer, recipient, count)
    return found


def _mourning(policy: Policy, now: datetime) -> frozenset[date]:
    today = now.astimezone(TEHRAN).date()
    return calendars.mourning_days(since=today, until=today + AHEAD, by_choice=policy.first_days_of_muharram)
