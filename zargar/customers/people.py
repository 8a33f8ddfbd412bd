"""Customers as messages see them: plain values. Pure."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TypeAlias

Way: TypeAlias = tuple[str, str]
"""A channel and a purpose, by their stored words: ("sms", "promotion")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A customer: how they are reached and what they agreed to. Numbers, addresses and the name stay out of `repr`."""

    id: int
    full_name: str = field(repr=False)
    mobile: str = field(repr=False)
    email: str = field(default="", repr=False)
    quiet: tuple[time, time] | None = None
    """From when to when (Tehran) nothing may make a sound; it may pass midnight."""
    given: frozenset[Way] = frozenset()
    """What they agreed to and have not taken back."""
    declined: frozenset[Way] = frozenset()
    """What they declined: took back, or never agreed to and said so; and agreed to no more since."""


@dataclass(frozen=True, slots=True)
class Born:
    """A customer whose birthday may be greeted."""

    customer_id: int
    birth_date: date


@dataclass(frozen=True, slots=True)
class Booked:
    """An appointment that stands."""

    id: int
    customer_id: int
    at: datetime
    subject: str
