"""What a source file declares about its board, and the one place where reading it turns a `BadAnswer` into data."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from zargar.pricing.answers import Answer, BadAnswer
from zargar.pricing.quotes import Quote, Rejection, Unit


class Terms(StrEnum):
    """What the board's owner says about reading its prices, and so whether it is asked where nobody has chosen it.

    `CONTRACT`: whoever holds a key has agreed on terms with the owner. `RESTRICTED`: the terms forbid programs or data
    mining. `ROBOTS_DISALLOWED`: the terms are silent, the host's robots file disallows everything. `CONSENT_NEEDED`:
    copying needs the owner's written consent.
    """

    DOCUMENTED = "documented"
    UNSTATED = "unstated"
    CONTRACT = "contract"
    RESTRICTED = "restricted"
    ROBOTS_DISALLOWED = "robots_disallowed"
    CONSENT_NEEDED = "consent_needed"

    @property
    def forbids(self) -> bool:
        """Whether the owner does not want programs to read it; a deployment that has leave names the board."""
        return self in {Terms.RESTRICTED, Terms.ROBOTS_DISALLOWED, Terms.CONSENT_NEEDED}


@dataclass(frozen=True)
class Handshake:
    """A page that must be read first: `form` takes its answer and returns the form that is then posted to the board.

    `form` raises `BadAnswer` when the page does not hold what it should. Cookies of the page are sent along.
    """

    url: str
    form: Callable[[Answer], dict[str, str]]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Key:
    """A secret that the owner gives to its customers: the query parameter that it travels in.

    Its value is in no `Board`: the asker is given it, adds it to the address last, and shows it nowhere.
    """

    parameter: str


@dataclass(frozen=True)
class Board:
    """A public price board. Boards of one `family` repeat each other and count once in a quorum.

    It is asked with one GET of `url` (or, after its hand-shake, one POST), not more often than `at_most_every`.
    `unit` is what it declares for gold; a field in another unit says so where it is read. `cookie_first`: its guard
    answers the first request with a redirect that sets a cookie, and the same request with that cookie with the price.
    `headers` are sent along, for a board that answers nobody without them. `patience`: it takes longer than a tick can
    wait, so that the hourly check asks it, under this deadline, and ticks use what it said for a while.
    """

    name: str
    family: str
    url: str
    at_most_every: timedelta
    terms: Terms
    unit: Unit
    handshake: Handshake | None = None
    cookie_first: bool = False
    key: Key | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    patience: timedelta | None = None


@dataclass(frozen=True)
class Said:
    """All that one answer says."""

    quotes: tuple[Quote, ...]
    rejections: tuple[Rejection, ...]


@dataclass(frozen=True)
class Source:
    """A board and how to read its answers."""

    board: Board
    reader: Callable[[Answer], Iterator[Quote | Rejection]]

    def read(self, answer: Answer | Rejection) -> Said:
        """Read an answer. Never raises for what a board sent: what is wrong with it becomes a `Rejection`."""
        if isinstance(answer, Rejection):
            return Said((), (answer,))
        quotes: list[Quote] = []
        rejections: list[Rejection] = []
        try:
            for found in self.reader(answer):
                if isinstance(found, Quote):
                    quotes.append(found)
                else:
                    rejections.append(found)
        except BadAnswer as bad:
            rejections.append(bad.rejection)
        return Said(tuple(quotes), tuple(rejections))
