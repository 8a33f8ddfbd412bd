"""What the contract suite of providers needs of each: a `Party` brings one adapter and the world that it meets.

To join, write a class with the attributes and methods of `Party` and add its factory to `PARTIES` (a context manager,
so that it can start and stop what it needs). `mischiefs` names the ways of going wrong that its world can do; the suite
asks for no other. What a company does differently is said in `Manners`.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final, Protocol

from tests.support.boards import BoardServer
from zargar import clock
from zargar.notifications.channels.http import Caller
from zargar.notifications.channels.sms.ippanel import IpPanel
from zargar.notifications.channels.sms.kavenegar import Kavenegar
from zargar.notifications.channels.sms.melipayamak import Melipayamak
from zargar.notifications.channels.sms.smsir import SmsIr
from zargar.notifications.ports import Provider
from zargar.notifications.values import Outgoing

KEY: Final = "5ecretKey0fTheAccount2f7a9c"
STRANGER: Final = "wrongKey0fNobody81c"
TEXT: Final = "مشتری گرامی، قسط شما فردا سررسید می‌شود"
NOBODY: Final = "http://127.0.0.1:9"
"""The port of the discard service, where nobody listens."""


class Mischief(StrEnum):
    """What goes wrong in one call. The first five take what they were handed, and the sender cannot know."""

    LOST_ANSWER = "lost_answer"
    SILENT_AFTER = "silent_after"
    HUGE_ANSWER = "huge_answer"
    GARBAGE_ANSWER = "garbage_answer"
    ERROR_AFTER = "error500_after"
    CUT_BEFORE = "refuse"
    ENDLESS_HEADERS = "endless_headers"
    STRANGERS_PAGE = "html"
    OTHER_JSON = "error_in_200"
    REDIRECT = "redirect"
    BUSY = "busy"


TAKES: Final = frozenset(
    {
        Mischief.LOST_ANSWER, Mischief.SILENT_AFTER, Mischief.HUGE_ANSWER, Mischief.GARBAGE_ANSWER,
        Mischief.ERROR_AFTER,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Manners:
    """How a company differs: what is told at once, what only by a receipt, and what it can be asked."""

    refuses_wrong: bool = True
    """A wrong address is refused by the send itself."""
    tells_blocked_late: bool = False
    """Who has blocked it shows in the receipts alone."""
    tells_dry_late: bool = False
    """That the credit is gone shows in the receipts alone."""
    hears: bool = True
    """People can write back."""
    tells_ends: bool = True
    """It can be asked what became of a message."""
    has_credit: bool = True
    """What is sent is paid for from a credit."""
    knows_again: bool = False
    """What comes again with the same reference is not sent again, and told as the first time."""


class Party(Protocol):
    """One adapter in its world. Recipients of `messages` are all different, and so are their texts."""

    name: str
    manners: Manners
    mischiefs: frozenset[Mischief]
    secrets: tuple[str, ...]
    """What may occur nowhere: keys, and pieces of numbers and of texts."""

    def provider(self, *, key: str = KEY, base: str | None = None, patience: float = 5.0) -> Provider:
        """Return a new adapter; `patience` is the seconds that one call may take."""

    def messages(self, count: int, *, first: int = 1) -> list[Outgoing]:
        """Return messages with the references `first`, `first + 1`, …, each to somebody who can be written to."""

    def wrong(self, reference: int) -> Outgoing:
        """Return one to an address that can never be."""

    def blocked(self, reference: int) -> Outgoing:
        """Return one to somebody who has blocked such messages."""

    def befall(self, mischief: Mischief) -> None:
        """Have the next call go wrong."""

    def run_dry(self, *, after: int) -> None:
        """Leave credit for so many messages of `messages`."""

    def settle(self) -> None:
        """Have all that was taken be where it ends."""

    def write_back(self, text: str) -> str:
        """Have somebody write to the line; return who, in E.164."""

    def taken(self) -> Counter[str]:
        """Return how many messages were really taken, by `Outgoing.to`."""

    def calls(self) -> int:
        """Return how many calls have come in."""

    def begin_anew(self) -> None:
        """Forget everything, and behave."""


class Sandboxed:
    """A company of `zargar.sandbox.sms`, over real HTTP on loopback."""

    mischiefs: frozenset[Mischief] = frozenset(Mischief)
    secrets: tuple[str, ...] = (KEY, "912000", "گرامی", "سررسید")

    def __init__(
        self, server: BoardServer, name: str, make: Callable[[str, str, Caller], Provider], manners: Manners
    ) -> None:
        self.name = name
        self.manners = manners
        self._server = server
        self._make = make

    def provider(self, *, key: str = KEY, base: str | None = None, patience: float = 5.0) -> Provider:
        caller = Caller(connect=patience / 2, answer=patience / 2)
        return self._make(base or self.base, key, caller)

    def messages(self, count: int, *, first: int = 1) -> list[Outgoing]:
        return [
            Outgoing(reference=(1 << 60) + n, to=f"+98912000{n:04d}", text=f"{TEXT} {n}")
            for n in range(first, first + count)
        ]

    def wrong(self, reference: int) -> Outgoing:
        return Outgoing(reference=reference, to="+989120009999", text=TEXT)

    def blocked(self, reference: int) -> Outgoing:
        return Outgoing(reference=reference, to="+989120008888", text=TEXT)

    def befall(self, mischief: Mischief) -> None:
        self._server.misbehave(self.name, mischief, calls=1, seconds=30)

    @property
    def base(self) -> str:
        """Where it is called."""
        return f"{self._server.url}/{self.name}"

    def dawdle(self, seconds: float) -> None:
        """Have the next call be answered so much later."""
        self._server.misbehave(self.name, "slow_answer", calls=1, seconds=seconds)

    def refuse_by(self, code: object, *, in_200: bool = False) -> None:
        """Have the next call be refused by the company's own code."""
        self._server.tell(
            "misbehave", board=self.name, how="refusal_in_200" if in_200 else "refusal", code=code, calls=1
        )

    def run_dry(self, *, after: int) -> None:
        self.set(credit=after * 1000, price=1000)

    def settle(self) -> None:
        self.set(pace=0)

    def set(self, **rules: object) -> None:
        """Set what `zargar.sandbox.sms.company.Rules` has."""
        self._server.tell(f"sms/{self.name}", **rules)

    def write_back(self, text: str, *, sender: str = "+989123334455") -> str:
        self._server.tell(f"sms/{self.name}/inbound", sender=sender, line="3000505", text=text)
        return sender

    def taken(self) -> Counter[str]:
        counts: Mapping[str, int] = json.loads(self._server.get(f"/_sandbox/sms/{self.name}/accepted?by=receptor"))
        return Counter({f"+{digits}": times for digits, times in counts.items()})

    def calls(self) -> int:
        return len(self._server.calls(self.name))

    def bodies(self) -> Sequence[str]:
        """Return what was handed over, call by call."""
        return [str(call["body"]) for call in self._server.calls(self.name)]

    def asked(self) -> Sequence[str]:
        """Return path and body of each call."""
        return [f"{call['path']} {call['body']}" for call in self._server.calls(self.name)]

    def begin_anew(self) -> None:
        self._server.forget(f"/_sandbox/sms/{self.name}")
        self._server.tell("misbehave", board=self.name, how=None)
        self.set(invalid=["+989120009999"], blacklist=["+989120008888"])


def _kavenegar(base: str, key: str, caller: Caller) -> Provider:
    return Kavenegar(name="account", base=base, key=key, sender="3000505", clock=clock.now, caller=caller)


def _smsir(base: str, key: str, caller: Caller) -> Provider:
    return SmsIr(name="account", base=base, key=key, sender="3000505", unit=100, caller=caller)


def _melipayamak(base: str, key: str, caller: Caller) -> Provider:
    return Melipayamak(name="account", base=base, key=key, sender="3000505", user="shop", unit=1, caller=caller)


def _ippanel(base: str, key: str, caller: Caller) -> Provider:
    return IpPanel(name="account", base=base, key=key, sender="3000505", caller=caller)


COMPANIES: Final[Mapping[str, tuple[Callable[[str, str, Caller], Provider], Manners]]] = {
    "kavenegar": (_kavenegar, Manners(knows_again=True)),
    "smsir": (_smsir, Manners()),
    "melipayamak": (_melipayamak, Manners(tells_blocked_late=True)),
    "ippanel": (_ippanel, Manners(tells_blocked_late=True, tells_dry_late=True)),
}


@contextmanager
def company(name: str) -> Iterator[Sandboxed]:
    """Bring a company of the sandbox."""
    with BoardServer() as server:
        make, manners = COMPANIES[name]
        yield Sandboxed(server, name, make, manners)


PARTIES: Final[Mapping[str, Callable[[], AbstractContextManager["Party"]]]] = {
    name: partial(company, name) for name in COMPANIES
}
"""Who is held to the contract, by name."""
