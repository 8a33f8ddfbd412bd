"""When long work is to stop: a question that is asked where it can, between one piece of it and the next.

What is under a task's time limit asks `zargar.engine.limits.time_is_up`; a person's own process is under none.
"""

from collections.abc import Callable
from typing import TypeAlias

Stop: TypeAlias = Callable[[], bool]
"""Says whether to stop now. It is asked after a piece, so that whoever is called at all comes further."""


def never() -> bool:
    """Do not stop: for those who are under no time limit."""
    return False
