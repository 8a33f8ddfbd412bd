"""How far long work has come, for a person who waits for it."""

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[int, int], object]
"""Hears after a piece of work how much is done, of how much: packs, copies, bytes."""


def nobody(_done: int, _all: int) -> None:
    """Hear of it where nobody waits."""
