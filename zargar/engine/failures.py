"""Describe an error for the ledger: its kind, its scrubbed words, and where it passed through our code."""

import traceback
from pathlib import Path
from typing import Final

import zargar
from zargar.ledger.values import Failure
from zargar.outcomes import Outcome
from zargar.scrub import scrub

HOME: Final = Path(zargar.__file__).parent.parent


def describe(error: BaseException) -> Failure:
    """Return kind, message and frames of `error`. Frames are file:line and function, never source or values."""
    message = error.reason if isinstance(error, Outcome) else str(error)
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(HOME / "zargar")]
    where = tuple(f"{Path(f.filename).relative_to(HOME)}:{f.lineno} {f.name}" for f in ours)
    return Failure(kind=type(error).__name__, message=scrub(message), where=where)
