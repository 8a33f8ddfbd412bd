"""How often a board may be asked, and when it is left alone: its own cadence, a circuit breaker, and what it asks for.

Pure: what is known of a board's manners and `now` go in, whether it may be asked and its manners afterwards come out.
`board_store` keeps them, so that a restart neither forgets a ban nor asks twice.

- Cadence: a board is not asked more often than its file declares (one bans addresses that ask once a second).
- Breaker: after five failures in a row it is asked once an hour until an answer can be read; a public backend that
  lives with these boards uses the same figures (reference of boards, section 7, DP). There is no doubling: a board that
  is well again is noticed within the hour. A production host that went on asking collected 2,047 refusals in a row and
  was locked out for five weeks (section 8).
- Told to wait: 429 or 503 with `Retry-After` is obeyed, up to a day: no price is worth obeying longer unseen.
- Forbidden: 401 and 403 are an answer and no accident. The board is left alone for 1, then 6, then 24 hours.

A round in which several boards were asked and not one answered says something about our own network or proxy, and
nothing about any board: nobody's failures are counted then, or an hour of outage would cost another of silence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from zargar.clock import TEHRAN
from zargar.pricing.answers import Answer
from zargar.pricing.board import Said
from zargar.pricing.quotes import Rejection, Why

FORBIDDEN: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
BUSY: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
NO_ANSWER: Final = frozenset({Why.STALE_TOKEN, Why.REFUSED})
"""What a board says in an orderly answer when it does not give one: the whole of it is worth nothing."""

OURS: Final = frozenset({Why.PROXY})
"""Failures of a part of ours, which no board answers for."""


@dataclass(frozen=True)
class MannerRules:
    """The figures; see the module for where they come from.

    Attributes:
        failures: how many in a row open the breaker.
        open_for: how long after a try the next one waits while it is open.
        forbidden: how long a board is left alone after its first, second and every further 401 or 403.
        longest: the longest `Retry-After` that is obeyed.
    """

    failures: int = 5
    open_for: timedelta = timedelta(hours=1)
    forbidden: tuple[timedelta, ...] = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
    longest: timedelta = timedelta(hours=24)


class Cause(StrEnum):
    """Why a board is not asked now. `CADENCE` is the ordinary pause between two rounds; the others are its doing."""

    CADENCE = "cadence"
    FAILING = "failing"
    FORBIDDEN = "forbidden"
    ASKED_TO_WAIT = "asked_to_wait"


@dataclass(frozen=True)
class Manners:
    """What is known of a board.

    Attributes:
        failures: how many answers in a row could not be had or read.
        refusals: how many 401 and 403 came since it last gave a price.
        last_asked: when it was asked last, whatever came of it.
        not_before: until when it is left alone for what it answered (401, 403, `Retry-After`).
        status: the HTTP status of the last answer; None where none came.
        why: why the last one failed; None when it did not.
        detail: what was seen then, shortened.
    """

    failures: int = 0
    refusals: int = 0
    last_asked: datetime | None = None
    not_before: datetime | None = None
    status: int | None = None
    why: Why | None = None
    detail: str = ""


@dataclass(frozen=True)
class LeftAlone:
    """A board that is not asked before `until`; `because` is for people."""

    cause: Cause
    until: datetime
    because: str

    @property
    def rejection(self) -> Rejection:
        """Say it as what a tick keeps of a board that was not asked."""
        return Rejection("", Why.LEFT_ALONE, f"until {self.until.astimezone(TEHRAN):%m-%d %H:%M:%S}: {self.because}")


@dataclass(frozen=True)
class Attempt:
    """What came of asking a board: the status where one came, why it failed (None: it did not), how long to wait."""

    status: int | None
    why: Why | None
    detail: str = ""
    retry_after: timedelta | None = None


def left_alone(manners: Manners, *, every: timedelta, rules: MannerRules, now: datetime) -> LeftAlone | None:
    """Return why a board may not be asked now, or None. `every`: its own cadence; zero where none is to be kept.

    A last asking that lies ahead (a clock was set back) holds nobody up.
    """
    told = _told(manners)
    if told is not None and now < told.until:
        return told
    asked = manners.last_asked
    if asked is None or asked > now:
        return None
    if manners.failures >= rules.failures and now < asked + rules.open_for:
        seen = f"{manners.why}{f' ({manners.detail})' if manners.detail else ''}"
        return LeftAlone(Cause.FAILING, asked + rules.open_for, f"{manners.failures} failures in a row, last {seen}")
    return LeftAlone(Cause.CADENCE, asked + every, "asked a moment ago") if now < asked + every else None


def held_back(manners: Manners, *, rules: MannerRules, now: datetime) -> LeftAlone | None:
    """Return why and until when a board is left alone for what it did; its own cadence is no such reason."""
    return left_alone(manners, every=timedelta(), rules=rules, now=now)


def after(manners: Manners, attempt: Attempt, *, at: datetime, rules: MannerRules) -> Manners:
    """Return a board's manners after an attempt at `at`. A success forgets everything but when it was."""
    if attempt.why is None:
        return Manners(last_asked=at, status=attempt.status)
    forbidden = attempt.status in FORBIDDEN
    refusals = manners.refusals + forbidden
    failed = replace(
        manners,
        failures=manners.failures + (attempt.why not in OURS),
        refusals=refusals,
        last_asked=at,
        status=attempt.status,
        why=attempt.why,
        detail=attempt.detail,
        not_before=None,
    )
    if forbidden:
        return replace(failed, not_before=at + rules.forbidden[min(refusals, len(rules.forbidden)) - 1])
    if attempt.status in BUSY and attempt.retry_after is not None:
        return replace(failed, not_before=at + min(attempt.retry_after, rules.longest))
    return failed


def after_round(
    known: Mapping[str, Manners], attempts: Mapping[str, Attempt], *, at: datetime, rules: MannerRules
) -> dict[str, Manners]:
    """Return the manners of every board that was asked in one round; see the module for a round without an answer."""
    silence = len(attempts) > 1 and all(attempt.why and attempt.status is None for attempt in attempts.values())
    found = {name: after(known.get(name, Manners()), attempt, at=at, rules=rules) for name, attempt in attempts.items()}
    if not silence:
        return found
    return {name: replace(one, failures=known.get(name, Manners()).failures) for name, one in found.items()}


def attempt(reply: Answer | Rejection, said: Said) -> Attempt:
    """Say what an asking came to: a reply, and what the board's own reader made of it.

    An answer of which nothing can be read is a failure; one that holds no price today (trading is suspended, half of an
    order book is empty) is none.
    """
    if isinstance(reply, Rejection):
        return Attempt(None, reply.why, reply.detail)
    whole = [one for one in said.rejections if not one.field or one.why in NO_ANSWER]
    if said.quotes or not whole:
        return Attempt(reply.status, None)
    return Attempt(reply.status, whole[0].why, whole[0].detail, reply.retry_after)


def retry_after(header: str | None, *, now: datetime) -> timedelta | None:
    """Read `Retry-After` (RFC 9110, 10.2.3): seconds, or an HTTP date. None for what is past or unreadable."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        seconds = int(text[:9])  # thirty years: what is longer is no more of a wait, and must not overflow
        return timedelta(seconds=seconds) if seconds else None
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return until - now if until > now else None


def _told(manners: Manners) -> LeftAlone | None:
    if manners.not_before is None:
        return None
    if manners.status in BUSY:
        return LeftAlone(Cause.ASKED_TO_WAIT, manners.not_before, f"it answered {manners.status} and asked to wait")
    return LeftAlone(Cause.FORBIDDEN, manners.not_before, f"refusal {manners.refusals}: it answered {manners.status}")
