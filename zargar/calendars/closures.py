"""Days on which the trade rests, as values. Pure.

Two lists that are not the same. Official holidays are the state's calendar. The bazaar of Tehran closes by its
trustees' decision: from 7 to 12 Muharram each year (12 to 17 Tir 1404, for one), and on days of mourning. On both the
price of gold goes on: online venues quote "unofficially", seldom, as on a Friday; so a closed day lengthens the silence
that is allowed (`sessions`) and closes nothing.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Kind(StrEnum):
    """Whose closure it is. The words are stored."""

    OFFICIAL = "official"
    BAZAAR = "bazaar"


@dataclass(frozen=True, order=True)
class Closure:
    """A closed day. `estimated`: it rests on the sight of the moon, or on a decision, that is still to come."""

    day: date
    kind: Kind
    name: str
    estimated: bool
