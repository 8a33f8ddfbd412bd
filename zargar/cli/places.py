"""Files and folders that a person names: what the system says of one becomes words with its path, and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zargar.refusals import InvalidError, RefusedError


class BadPlaceError(InvalidError):
    """Nothing can be written at the place that was named: its folder is not there, or not ours to write in."""


class PlaceFailedError(RefusedError):
    """The place is right and the system did not take it: the disk is full, or broken."""


@contextmanager
def written(place: Path) -> Iterator[None]:
    """Write at `place` inside the block. Raises `BadPlaceError` or `PlaceFailedError` in the place of an `OSError`."""
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as fault:
        message = f"{place} cannot be written: {fault.strerror}"
        raise BadPlaceError(message) from fault
    except OSError as fault:
        message = f"{place} was not written: {fault.strerror}"
        raise PlaceFailedError(message) from fault
