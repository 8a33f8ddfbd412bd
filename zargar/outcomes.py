"""How a piece of work may end other than by a value: three exceptions that domains raise and the engine translates.

Anything else that escapes a domain is a bug; the engine records it with its traceback and treats it as `Retryable`.
Messages are stored and shown, so they name ids and causes, never keys, phone numbers or message bodies.
"""

from datetime import datetime
from typing import TypeAlias

JSON: TypeAlias = "bool | int | str | list[JSON] | dict[str, JSON] | None"
"""What a task may take and return: no floats, since money and weight are decimals and travel as strings."""

Summary: TypeAlias = dict[str, JSON]
"""The short value of work that ended well; it is stored on the run and kept a day in the result backend."""


class Outcome(Exception):  # noqa: N818 -- two of the three are not errors; the base only lets the engine name them all
    """Raised by a domain to say how its work ended. Catch the three below, not this."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Retryable(Outcome):
    """It failed and may pass: try again by the family's policy, counting this attempt."""


class Permanent(Outcome):
    """It failed and will fail again: a dead letter at once, for a person to look at."""


class Snooze(Outcome):
    """Nothing failed, it is only too early: come back at `until` (aware) without counting an attempt."""

    def __init__(self, reason: str, *, until: datetime) -> None:
        super().__init__(reason)
        self.until = until
