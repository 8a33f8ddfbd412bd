"""How far long work has come, a line now and then to stderr: what is printed at the end stays alone on stdout."""

import time
from collections.abc import Callable
from typing import Final

import typer

EVERY: Final = 2.0
"""Seconds between two lines, at least; the last one comes at once."""


def lines(unit: str) -> Callable[[int, int], None]:
    """Return what hears of each step of work that is counted in `unit`, such as `packs`."""
    said = time.monotonic() - EVERY

    def hear(done: int, total: int) -> None:
        nonlocal said
        now = time.monotonic()
        if done == total or now - said >= EVERY:
            said = now
            typer.echo(f"{done} of {total} {unit}", err=True)

    return hear
