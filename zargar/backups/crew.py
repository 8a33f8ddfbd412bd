"""Readers in processes of their own: one Python process reads and seals on one core, a backup of everything has more.

Each is `python -m zargar.backups.reader`, a plain child and not one of `multiprocessing`: a worker's prefork child may
have none of those. The two talk through a socket pair. The first message tells the reader where the database is and
which pg_dump to use: the password is in no argument and in no environment.

Supervision: a reader that dies, however, closes its end, which is seen at once where its answer is waited for, and its
exit code is told. What a reader meets (the server is lost, say) it sends back, and it is raised here. When this process
dies the socket closes, and the reader ends in the middle of whatever it does. `close` ends them all.

Memory is bounded by what is asked: `AHEAD` small shops are with a reader at a time, and of a large one a socket's
buffer: the reader waits until its bytes were written.
"""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Channel
from multiprocessing.connection import Pipe, wait
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias, cast

import psycopg

from zargar.backups.ddl import DdlSource, surroundings
from zargar.backups.facts import ShopFacts
from zargar.backups.packs import Sealed
from zargar.backups.readers import AtSnapshot, ByItself, Gone, Moved, Packed, UnreadableError, Whole, Write
from zargar.outcomes import Retryable

AHEAD: Final = 3
"""Small shops that a reader has before it: one in work, and the next, so that it never waits for this process."""

PATIENCE: Final = 5.0
"""Seconds that a reader has to end by itself."""


class ReaderLostError(Retryable):
    """A reader's process ended before its work did: killed, out of memory, or crashed. The backup is made again."""


@dataclass(frozen=True, slots=True)
class Begin:
    """The first message to a reader."""

    conninfo: str = field(repr=False)
    pg_dump: DdlSource


@dataclass(frozen=True, slots=True)
class Begun:
    """A shop by itself is about to come: pieces of its stored bytes, and then `Ended`."""

    redone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a shop by itself."""

    sealed: Sealed
    facts: ShopFacts


Task: TypeAlias = AtSnapshot | ByItself
Answer: TypeAlias = Whole | Moved | Gone | Begun | bytes | Ended | BaseException


class _Hand:
    """One reader's process, and what it has been asked."""

    def __init__(self, begin: Begin) -> None:
        self.channel, theirs = Pipe()
        self.asked: deque[AtSnapshot] = deque()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 -- our own module, by our own interpreter
                [sys.executable, "-m", "zargar.backups.reader", str(theirs.fileno())],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=_environment(),
            )  # fmt: skip
        self.send(begin)

    def ask(self, task: AtSnapshot) -> None:
        self.send(task)
        self.asked.append(task)

    def send(self, message: Begin | Task) -> None:
        try:
            self.channel.send(message)
        except OSError as broken:
            raise self._lost() from broken

    def answer(self) -> Answer:
        """Wait for the next message. Raises `ReaderLostError`, and what the reader met."""
        try:
            answer = cast("Answer", self.channel.recv())
        except (EOFError, OSError) as broken:
            raise self._lost() from broken
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def end(self, *, patience: float) -> None:
        """End it: closing the channel lets it go by itself, and after `patience` seconds it is killed."""
        self.channel.close()
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _lost(self) -> ReaderLostError:
        try:
            code: int | None = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            code = None
        said = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return ReaderLostError(f"a reader's process ({self.process.pid}) ended before its work did: {said}")


class Crew:
    """Readers in `count` processes, on the database that `session` is on; a context manager.

    Its methods raise `ReaderLostError`.
    """

    def __init__(self, session: psycopg.Connection, pg_dump: DdlSource, count: int) -> None:
        begin = Begin(session_conninfo(session), pg_dump)
        self._hands: list[_Hand] = []
        try:
            for _ in range(count):
                self._hands.append(_Hand(begin))
        except BaseException:  # a Ctrl-C too: those that were started do not outlive us
            self.close(patience=0)
            raise

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the readers, at once where something went wrong."""
        self.close(patience=PATIENCE if error is None else 0)

    @property
    def pids(self) -> list[int]:
        """The readers' processes."""
        return [hand.process.pid for hand in self._hands]

    def close(self, *, patience: float = PATIENCE) -> None:
        """End the readers."""
        for hand in self._hands:
            hand.channel.close()
        for hand in self._hands:
            hand.end(patience=patience)

    def at_snapshot(self, tasks: Iterable[AtSnapshot]) -> Iterator[tuple[AtSnapshot, Whole | Moved]]:
        """Read small shops, several at a time, and give them as they are done. Raises what a reader met."""
        rest = iter(tasks)
        for _ in range(AHEAD):
            for hand in self._hands:
                _feed(hand, rest)
        while busy := {hand.channel: hand for hand in self._hands if hand.asked}:
            for ready in wait(list(busy)):
                hand = busy[cast("Channel[Task, Answer]", ready)]
                answer = hand.answer()
                if not isinstance(answer, Whole | Moved):
                    raise _strange(answer)
                task = hand.asked.popleft()
                _feed(hand, rest)
                yield task, answer

    def by_itself(self, task: ByItself) -> Packed | Gone:
        """Read one shop in one of the processes. Raises what the reader met."""
        hand = min(self._hands, key=lambda one: len(one.asked))
        hand.send(task)
        begun = hand.answer()
        if isinstance(begun, Gone):
            return begun
        if not isinstance(begun, Begun):
            raise _strange(begun)

        def write_to(write: Write) -> tuple[Sealed, ShopFacts]:
            while isinstance(piece := hand.answer(), bytes):
                write(piece)
            if isinstance(piece, Gone):
                raise UnreadableError(piece.why)
            if not isinstance(piece, Ended):
                raise _strange(piece)
            return piece.sealed, piece.facts

        return Packed(task.schema, write_to, begun.redone)


def session_conninfo(session: psycopg.Connection) -> str:
    """Return what opens another session like this one, password and all: keep it out of arguments, logs and errors."""
    info = session.info
    return psycopg.conninfo.make_conninfo(
        "", **{**info.get_parameters(), "dbname": info.dbname, "password": info.password}
    )


def _feed(hand: _Hand, tasks: Iterator[AtSnapshot]) -> None:
    task = next(tasks, None)
    if task is not None:
        hand.ask(task)


def _environment() -> dict[str, str]:
    """What a reader needs of our environment: to find this program, and nothing secret."""
    places = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    return surroundings() | {"PYTHONPATH": os.pathsep.join(filter(None, places))}


def _strange(answer: Answer) -> RuntimeError:
    return RuntimeError(f"a reader's answer is none to what it was asked: {type(answer).__name__}")
