"""What a restored folder holds, by walking it: for judging it, not by the code that reads folders for backups."""

import hashlib
import os
from pathlib import Path

from zargar.backups.file_facts import FileFacts, FileKind, FilesFacts, Tally


def found_in(folder: Path) -> FilesFacts:
    """Walk a folder and read every file of it. Raises `OSError`."""
    tally = Tally()
    for parent, folders, files in os.walk(folder, onerror=_raise, followlinks=False):
        for name in folders + files:
            tally.add(_facts(folder, Path(parent, name)))
    return tally.facts


def _raise(fault: OSError) -> None:
    raise fault


def _facts(root: Path, path: Path) -> FileFacts:
    relative = path.relative_to(root).as_posix()
    if path.is_symlink():
        return FileFacts(relative, FileKind.LINK, target=os.readlink(path))  # noqa: PTH115 -- as it stands
    info = path.stat()
    mode = format(info.st_mode % 0o2000, "04o")
    if path.is_dir():
        return FileFacts(relative, FileKind.FOLDER, mode)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileFacts(relative, FileKind.FILE, mode, int(info.st_mtime), info.st_size, digest)
