"""Folders into which a drill restores files; each goes with its drill, also with one that was killed.

They lie where `TMPDIR` says, which should be a disk with room for the largest pack of files, and not memory. A drill
holds its folder by a lock that goes with the process, whatever ends it: customers' files must not lie about in plain
since a worker was killed.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Final

PREFIX: Final = "zargar-drill-"
YOUNG: Final = timedelta(minutes=5)
"""Whoever has just made a folder may not hold its lock yet."""


@contextmanager
def folder(where: Path | None = None) -> Iterator[Path]:
    """Give a new folder, in the system's place for such or in `where`; it is removed at the end. Raises `OSError`."""
    made = Path(mkdtemp(prefix=PREFIX, dir=where))
    held = os.open(made, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield made
    finally:
        os.close(held)
        _remove(made)


def sweep(*, now: datetime, where: Path | None = None) -> tuple[str, ...]:
    """Remove the folders of drills that are over; return their names. `now` is aware. Raises `OSError`."""
    old = (now - YOUNG).timestamp()
    found = sorted(Path(where or gettempdir()).glob(f"{PREFIX}*"))
    return tuple(one.name for one in found if one.is_dir() and one.stat().st_mtime < old and _abandoned(one))


def _abandoned(made: Path) -> bool:
    """Remove a folder that is ours and nobody holds, and say whether it was that."""
    if made.is_symlink() or made.stat().st_uid != os.geteuid():
        return False
    held = os.open(made, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(held)
    _remove(made)
    return True


def _remove(made: Path) -> None:
    """Remove it with folders that may not be written in, as some of a restored pack are."""
    for inner, _, _ in os.walk(made):
        Path(inner).chmod(0o700)
    shutil.rmtree(made)
