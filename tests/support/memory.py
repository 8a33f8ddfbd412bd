"""Where the session's servers keep what nobody keeps: in memory, where there is room.

A copy of the tests' database is a thousand small files. On a disk to make and remove them takes ten times as long as in
memory, for each of the thousands of tests that have one.
"""

import shutil
from pathlib import Path
from typing import Final

_SHARED: Final = Path("/dev/shm")  # noqa: S108 -- the folder that is made in it is private
_ROOM: Final = 4 << 30
"""Bytes. All testers together take less than half of it."""


def place() -> Path | None:
    """Return Linux's folder in memory if it has room; None: take the usual one for temporary files."""
    return _SHARED if _SHARED.is_dir() and shutil.disk_usage(_SHARED).free > _ROOM else None
