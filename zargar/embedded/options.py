"""What the house is asked to be: beside the sandbox or in the real world, on servers of its own or on given ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self


@dataclass(frozen=True)
class Options:
    """`prices_every` (seconds) is for the sandbox alone; with `shops` the demo's three are made.

    The URLs name servers to use instead of starting our own. With `owner_url` both logins are used as they are; without
    it `database_url` is an administrator's login that takes on the two roles.
    """

    sandbox: bool = False
    shops: bool = False
    prices_every: int | None = None
    database_url: str | None = field(default=None, repr=False)
    owner_url: str | None = field(default=None, repr=False)
    broker_url: str | None = field(default=None, repr=False)
    results_url: str | None = field(default=None, repr=False)

    @classmethod
    def demo(cls, environment: Mapping[str, str], *, prices_every: int) -> Self:
        """Everything beside the sandbox, with three shops."""
        return replace(cls._given(environment), sandbox=True, shops=True, prices_every=prices_every)

    @classmethod
    def up(cls, environment: Mapping[str, str]) -> Self:
        """The system itself: real boards, the shops that are there."""
        return cls._given(environment)

    @property
    def needs_valkey(self) -> bool:
        """Whether a Valkey of our own is to be started: for the broker, or for results that the broker cannot hold."""
        broker = self.broker_url
        return broker is None or (self.results_url is None and not broker.startswith(("redis", "sentinel")))

    @classmethod
    def _given(cls, environment: Mapping[str, str]) -> Self:
        return cls(
            database_url=environment.get("DATABASE_URL") or None,
            owner_url=environment.get("DATABASE_OWNER_URL") or None,
            broker_url=environment.get("CELERY_BROKER_URL") or None,
            results_url=environment.get("CELERY_RESULT_BACKEND") or None,
        )
