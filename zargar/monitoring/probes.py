"""Whether a process manager should start a process again, from the file that moves when it works. Pure.

The file moves when a worker consumes or a beat ticks (`ZARGAR_HEARTBEAT_FILE`). One that has stopped moving means a
restart, unless what the process needs is itself away: then a restart would cure nothing, and the process comes back by
itself when that does. It is not hidden: `zargar status` and the console say which part is away.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Advice:
    """What to tell the process manager: `healthy` or to be started again, and why, in a sentence."""

    healthy: bool
    why: str


def advise(age: timedelta | None, *, limit: timedelta, need: str, need_answers: bool | None) -> Advice:
    """Advise from the age of the file, None when there is none.

    `need` names what the process cannot work without, and `need_answers` whether it does; None: not asked, since a file
    that moves needs no further question.
    """
    if age is not None and age <= limit:
        return Advice(healthy=True, why=f"worked {age.total_seconds():.0f} s ago")
    late = f"has not worked for {age.total_seconds():.0f} s" if age is not None else "has not worked yet"
    if need_answers is False:
        return Advice(healthy=True, why=f"{late}, but {need} does not answer: a restart cures nothing")
    return Advice(healthy=False, why=f"{late}, and {need} answers")
