"""Which boards are asked, and why a board is not. Pure.

Beside the sandbox all are: it is ours. In the world a deployment names them (ZARGAR_PRICES_SOURCES), or leaves it to
the owners: a board whose owner does not want programs to read it is not asked then. A board that needs a key is asked
where there is one; to name it without a key is refused.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from zargar.pricing.board import Board, Source
from zargar.pricing.sources import CATALOGUE, WORLD, named
from zargar.refusals import InvalidError


class MissingKeyError(InvalidError):
    """A board was chosen that answers nobody without a key."""


@dataclass(frozen=True)
class Choice:
    """A board, whether it is asked, and why (not)."""

    source: Source
    asked: bool
    because: str


def choose(*, names: Sequence[str] | None, keys: Container[str], sandbox: bool) -> tuple[Choice, ...]:
    """Decide for every board of the catalogue; `keys` holds the names of the boards that there is a key for.

    Raises `UnknownSourceError` for a name that no board has, `MissingKeyError` for one that lacks its key.
    """
    if names:
        chosen = {named(name).board.name for name in names}
        lacking = [source.board for source in CATALOGUE if source.board.name in chosen and _lacks(source.board, keys)]
        if lacking and not sandbox:
            message = f"{lacking[0].name} answers nobody without a key: set {setting_of(lacking[0])}"
            raise MissingKeyError(message)
        return tuple(_chosen(source, by_name=source.board.name in chosen) for source in CATALOGUE)
    if sandbox:
        return tuple(Choice(source, asked=True, because="the sandbox stands in for it") for source in CATALOGUE)
    return tuple(_by_terms(source, keys) for source in CATALOGUE)


def of_world(asked: Sequence[Source]) -> tuple[Choice, ...]:
    """Say of every feed of the world whether it is asked; `asked` are those of this deployment's market."""
    return tuple(
        Choice(source, asked=True, because="asked along with the boards")
        if source in asked
        else Choice(source, asked=False, because="ZARGAR_PRICES_WORLD is off")
        for source in WORLD
    )


def setting_of(board: Board) -> str:
    """Name the variable of the environment that holds a board's key (or, with _FILE behind it, where the key lies)."""
    return f"ZARGAR_{board.name.upper()}_KEY"


def _chosen(source: Source, *, by_name: bool) -> Choice:
    return Choice(source, by_name, "chosen" if by_name else "not among ZARGAR_PRICES_SOURCES")


def _by_terms(source: Source, keys: Container[str]) -> Choice:
    board = source.board
    if board.terms.forbids:
        return Choice(source, asked=False, because=f"its owner does not want it ({board.terms})")
    if _lacks(board, keys):
        return Choice(source, asked=False, because=f"no key: {setting_of(board)}")
    return Choice(source, asked=True, because="its owner does not object")


def _lacks(board: Board, keys: Container[str]) -> bool:
    return board.key is not None and board.name not in keys
