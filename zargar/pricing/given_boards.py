"""Boards that answer what they are given: for tests of what follows an answer, and for replaying a recorded one."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from zargar.pricing.answers import Answer
from zargar.pricing.board import Board
from zargar.pricing.ports import Asked
from zargar.pricing.quotes import Rejection, Why


class GivenBoards:
    """The port `Boards` over a table of answers; a board that has none given is unreachable. Nothing takes time."""

    def __init__(self, answers: Mapping[str, Answer | Rejection]) -> None:
        self.answers = dict(answers)

    def ask_all(self, boards: Sequence[Board], *, deadline: timedelta, now: datetime) -> Asked:
        """Return the given answer of each board asked."""
        del deadline, now  # nothing here waits
        nothing = Rejection("", Why.UNREACHABLE, "no answer given")
        answers = {board.name: self.answers.get(board.name, nothing) for board in boards}
        return Asked(answers, dict.fromkeys(answers, timedelta()), timedelta())
