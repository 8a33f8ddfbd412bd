"""A company that carries text messages, without its protocol: credit, lists, ids, what it took, and what became of it.

Everything can be set by control (`desk`): what is left of the credit, the price of a part, which numbers are wrong or
have blocked advertising, which keys it knows, how fast messages move. What becomes of a message follows from its id and
its age alone: at the operator after a second, at the handset after three, one in twenty never.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any, Final

AT_OPERATOR: Final = 1.0
AT_HANDSET: Final = 3.0
"""Seconds of age, times the company's `pace`."""
NEVER: Final = 20
"""One message in so many does not reach its handset."""
MOST: Final = 500_000
"""Messages that a company remembers; the oldest are forgotten first."""
_DIGITS: Final = "0123456789"


class Fate(StrEnum):
    """Where a message is."""

    QUEUED = "queued"
    AT_OPERATOR = "at_operator"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Message:
    """What a company took: `receptor` and `sender` as they were written, `at` in Unix seconds, `cost` in Rial."""

    id: int
    receptor: str
    text: str
    sender: str
    reference: int | None
    at: float
    cost: int
    blocked: bool


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody wrote to a line."""

    id: int
    sender: str
    line: str
    text: str
    at: float


@dataclass
class Rules:
    """What can be set of a company. Numbers are compared by their digits; `keys` empty: any key but one of `wrong…`."""

    credit: int = 1_000_000_000
    price: int = 1_200
    pace: float = 1.0
    keys: list[str] = field(default_factory=list)
    blacklist: list[str] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)


class Company:
    """One company's state. `first_id` is where its ids begin."""

    def __init__(self, *, first_id: int) -> None:
        self._first_id = first_id
        self.forget()

    def forget(self) -> None:
        """Begin anew: nothing taken, full credit, empty lists. Ids go on."""
        self._ids = getattr(self, "_ids", count(self._first_id))
        self.rules = Rules()
        self.inbox: list[Written] = []
        self._messages: dict[int, Message] = {}
        self._by_reference: dict[int, Message] = {}
        self.accepted = 0
        self.by_receptor: Counter[str] = Counter()
        self.by_reference: Counter[int] = Counter()
        self._news: list[Message] = []
        self._set()

    def change(self, order: dict[str, Any]) -> dict[str, Any]:
        """Set what the order names and return all that is set. Raises `TypeError` for what there is not."""
        self.rules = Rules(**{**asdict(self.rules), **order})
        self._set()
        return asdict(self.rules)

    def _set(self) -> None:
        self._blacklist = {self.name_of(one) for one in self.rules.blacklist}
        self._invalid = {self.name_of(one) for one in self.rules.invalid}

    # -- what the protocols ask ---------------------------------------------------------------------------------------

    def knows(self, key: str) -> bool:
        """Say whether a key opens."""
        return key in self.rules.keys if self.rules.keys else not key.startswith("wrong")

    def name_of(self, receptor: str) -> str:
        """Return what a receptor is known by, however it is written."""
        return plain(receptor)

    def is_number(self, receptor: str) -> bool:
        """Say whether a number is one that can be written to."""
        digits = plain(receptor)
        return len(digits) == len("989121234567") and digits.startswith("989") and digits not in self._invalid

    def has_blocked(self, receptor: str) -> bool:
        """Say whether a number has blocked advertising."""
        return self.name_of(receptor) in self._blacklist

    def price(self, text: str) -> int:
        """Return what a text costs, in Rial."""
        return parts(text) * self.rules.price

    def affords(self, texts: Sequence[str]) -> bool:
        """Say whether the credit is enough for all of these."""
        return sum(self.price(text) for text in texts) <= self.rules.credit

    def of_reference(self, reference: int | None) -> Message | None:
        """Return what was taken under a reference of the sender's."""
        return None if reference is None else self._by_reference.get(reference)

    def of_id(self, identity: int) -> Message | None:
        """Return what was taken under an id."""
        return self._messages.get(identity)

    def take(self, receptor: str, text: str, *, sender: str, at: float, reference: int | None = None) -> Message:
        """Take a message and its price. Who has blocked advertising costs nothing and gets nothing."""
        blocked = self.has_blocked(receptor)
        cost = 0 if blocked else self.price(text)
        message = Message(next(self._ids), receptor, text, sender, reference, at, cost, blocked)
        self.rules.credit -= cost
        self._messages[message.id] = message
        if reference is not None:
            self._by_reference[reference] = message
        if not blocked:
            self.accepted += 1
            self.by_receptor[self.name_of(receptor)] += 1
            if reference is not None:
                self.by_reference[reference] += 1
        self._news.append(message)
        while len(self._messages) > MOST:
            oldest = self._messages.pop(next(iter(self._messages)))
            if oldest.reference is not None:
                self._by_reference.pop(oldest.reference, None)
        return message

    def fate(self, message: Message, at: float) -> Fate:
        """Say where a message is by then."""
        age = (at - message.at) / self.rules.pace if self.rules.pace else math.inf
        if message.blocked:
            return Fate.BLOCKED
        if age < AT_OPERATOR:
            return Fate.QUEUED
        if age < AT_HANDSET:
            return Fate.AT_OPERATOR
        return Fate.UNDELIVERED if message.id % NEVER == 0 else Fate.DELIVERED

    def written(self, *, sender: str, line: str, text: str, at: float) -> Written:
        """Have somebody write to a line."""
        one = Written(next(self._ids), sender, line, text, at)
        self.inbox.append(one)
        return one

    def news(self) -> list[Message]:
        """Return what was taken since this was asked last."""
        news, self._news = self._news, []
        return news


def plain(number: str) -> str:
    """Return a number's digits with the country's before them, to compare two forms of it."""
    digits = "".join(character for character in number if character in _DIGITS)
    if digits.startswith("00"):
        return digits[2:]
    return f"98{digits.removeprefix('0')}" if digits.startswith("0") or len(digits) == len("9121234567") else digits


def parts(text: str) -> int:
    """Count parts as a company does that knows two alphabets: ASCII, and everything else."""
    units = len(text.encode("utf-16-le")) // 2
    one, more = (160, 153) if text.isascii() else (70, 67)
    return 1 if units <= one else math.ceil(units / more)
