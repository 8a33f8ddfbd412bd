"""What a turn sends with: the providers by account, the key of recipients, the retry policy, the clock and chance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from zargar.notifications.accounts import Account
from zargar.notifications.channels.sms.parts import LATER_UCS2
from zargar.notifications.ports import Provider
from zargar.notifications.values import Channel

SHARE: Final = 200
"""Messages of one shop in one turn: one call of a provider that takes many, and a second or two at most."""
LEASE: Final = timedelta(minutes=3)
"""How long a turn may take."""
MARGIN: Final = timedelta(seconds=140)
"""What must be left of the lease when a call begins: more than any adapter's `limits.longest`, which are 84 to 120
seconds, with what a resolver that does not answer and the storing of the verdicts take."""


class Wait(Protocol):
    """How long to wait after the `failures`-th failed attempt, None when they are used up; `chance` is in [0, 1)."""

    def __call__(self, *, failures: int, chance: float) -> timedelta | None:
        """Say how long."""
        ...


@dataclass(frozen=True, kw_only=True)
class Post:
    """The equipment of whoever sends. `tell_operators` hands a warning (title, text, key) to people.

    It says whether it reached anybody: a warning that did not is given again later.
    """

    providers: Mapping[str, Provider]
    accounts: Mapping[str, Account] = field(default_factory=dict)
    key: bytes = field(repr=False)
    wait: Wait
    clock: Callable[[], datetime]
    chance: Callable[[], float]
    tell_operators: Callable[[str, str, str], bool]
    share: int = SHARE
    public_url: str = ""
    """Where readers reach the web process, for the address by which one leaves; empty: there is no such place."""
    lease: timedelta = LEASE
    margin: timedelta = MARGIN

    @property
    def named(self) -> Sequence[tuple[str, Channel]]:
        """The accounts and what each carries, in the order of the configuration."""
        return [(name, provider.channel) for name, provider in self.providers.items()]

    def price_of(self, account: str) -> int:
        """Return what one part costs by an account, in Rial; 0: it is not known."""
        return self.accounts[account].price if account in self.accounts else 0

    def part_of(self, account: str) -> int:
        """Return how many units each of several UCS-2 parts holds on an account's line."""
        return self.accounts[account].part if account in self.accounts else LATER_UCS2
