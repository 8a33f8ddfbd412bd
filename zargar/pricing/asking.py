"""One round of asking: whose turn it is, what they said, and how they stand afterwards.

The judgement (`politeness`) is pure; this reads and writes what it needs (`board_store`) and holds the port.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from zargar.pricing import board_store
from zargar.pricing.board import Said, Source
from zargar.pricing.politeness import Cause, LeftAlone, MannerRules, Manners, after, after_round, attempt, left_alone
from zargar.pricing.ports import Asked, Boards
from zargar.pricing.quotes import Rejection, Why
from zargar.pricing.sources import WORLD_FAMILY


@dataclass(frozen=True)
class Turn:
    """Who is asked in this round, who is left alone, and what was known of all of them before."""

    sources: tuple[Source, ...]
    left: Mapping[str, LeftAlone]
    known: Mapping[str, Manners]

    @property
    def too_early(self) -> bool:
        """Whether nobody is asked only because they were asked a moment ago."""
        return not self.sources and any(one.cause is Cause.CADENCE for one in self.left.values())

    def refusals(self) -> dict[str, Said]:
        """Return what a tick keeps of the boards that are left alone for what they did."""
        blamed = {name: one for name, one in self.left.items() if one.cause is not Cause.CADENCE}
        return {name: Said((), (one.rejection,)) for name, one in blamed.items()}


@dataclass(frozen=True)
class Round:
    """What came of a turn: the answers, and what each board's own reader made of its own."""

    asked: Asked
    said: Mapping[str, Said]


def take_turn(
    sources: Sequence[Source],
    *,
    beside: Sequence[Source] = (),
    unasked: Sequence[str] = (),
    politely: bool,
    rules: MannerRules,
    now: datetime,
) -> Turn:
    """Choose who is asked now and write down that they are, so that nobody else asks them meanwhile.

    `politely`: keep each board's own cadence. `beside` holds feeds that are asked along with the sources and never
    alone; `unasked` names boards that are not asked in this round, of which the caller wants to know how they stand.
    """
    with board_store.taking_turn():
        known = board_store.standings([*(source.board.name for source in (*sources, *beside)), *unasked])
        turn = Turn(*_split(sources, known, politely=politely, rules=rules, now=now), known)
        if turn.too_early:
            return turn
        more, left = _split(beside, known, politely=politely, rules=rules, now=now)
        turn = Turn((*turn.sources, *more), {**turn.left, **left}, known)
        names = [source.board.name for source in turn.sources]
        board_store.keep({name: replace(known.get(name, Manners()), last_asked=now) for name in names})
    return turn


def ask(boards: Boards, turn: Turn, *, deadline: timedelta, now: datetime) -> Round:
    """Ask whose turn it is: the quick ones under one deadline, then those with patience under theirs."""
    quick = [source.board for source in turn.sources if source.board.patience is None]
    slow = [source.board for source in turn.sources if source.board.patience is not None]
    asked = boards.ask_all(quick, deadline=deadline, now=now) if quick or not slow else Asked({}, {}, timedelta())
    if slow:
        patience = max(board.patience for board in slow if board.patience is not None)
        later = boards.ask_all(slow, deadline=patience, now=now + asked.elapsed)
        asked = Asked({**asked.answers, **later.answers}, {**asked.took, **later.took}, asked.elapsed + later.elapsed)
    said = {source.board.name: source.read(asked.answers[source.board.name]) for source in turn.sources}
    return Round(asked, said)


def standing_after(turn: Turn, done: Round, *, rules: MannerRules, now: datetime) -> dict[str, Manners]:
    """Return how the boards that were asked stand now; write it with `board_store.keep`.

    The feeds of the world go another way than the boards of Tehran: one way may be cut, and the other open.
    """
    attempts = {name: attempt(reply, done.said[name]) for name, reply in done.asked.answers.items()}
    world = [source.board.name for source in turn.sources if source.board.family == WORLD_FAMILY]
    boards = {name: one for name, one in attempts.items() if name not in world}
    feeds = {name: after(turn.known.get(name, Manners()), attempts[name], at=now, rules=rules) for name in world}
    return {**after_round(turn.known, boards, at=now, rules=rules), **feeds}


def keep_check(turn: Turn, done: Round, *, rules: MannerRules, now: datetime) -> None:
    """Keep how the boards stand after a check, and what those with patience said, both or neither."""
    slow = [source.board.name for source in turn.sources if source.board.patience is not None]
    read_at = now + done.asked.elapsed
    with board_store.together():
        board_store.keep(standing_after(turn, done, rules=rules, now=now))
        board_store.keep_slow({name: done.said[name].quotes for name in slow}, read_at=read_at)


def slow_said(sources: Sequence[Source], turn: Turn, *, since: datetime, now: datetime) -> dict[str, Said]:
    """Return what a tick hears of the boards that only the check asks: what they said lately, or why they said nothing.

    A board that no check has asked yet is absent.
    """
    quotes = board_store.slow_quotes([source.board.name for source in sources], since=since, until=now)
    found = {name: Said(tuple(said), ()) for name, said in quotes.items()}
    for source in sources:
        manners = turn.known.get(source.board.name)
        if source.board.name not in found and manners is not None and manners.last_asked is not None:
            why = f"where it failed: {manners.why}" if manners.why else "which is too long ago"
            silent = Rejection("", Why.LEFT_ALONE, f"only the hourly check asks it, {why}")
            found[source.board.name] = Said((), (silent,))
    return found


def _split(
    sources: Sequence[Source], known: Mapping[str, Manners], *, politely: bool, rules: MannerRules, now: datetime
) -> tuple[tuple[Source, ...], dict[str, LeftAlone]]:
    left: dict[str, LeftAlone] = {}
    for source in sources:
        board = source.board
        every = board.at_most_every if politely else timedelta()
        found = left_alone(known.get(board.name, Manners()), every=every, rules=rules, now=now)
        if found is not None:
            left[board.name] = found
    return tuple(source for source in sources if source.board.name not in left), left
