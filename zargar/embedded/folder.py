"""The data folder of a system that runs on this machine: ZARGAR_DATA, or `.zargar` where the command was given.

It belongs to one running system at a time. A second one started in the same place takes `side-2`, `side-3`, … inside
it, with servers and data of its own, and says so. The folder and its files are for their owner alone (0700, 0600).
`environment` (dotenv) says where the parts listen, for commands in another terminal; see `zargar.settings.embedded`.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from zargar.embedded.errors import DataFolderBusyError
from zargar.embedded.secret_file import secret, write_private

SIDES: Final = 9


@dataclass
class DataFolder:
    """A folder that is ours until `close()`, or until this process ends in whatever way."""

    path: Path
    wanted: Path
    lock: int

    @classmethod
    def claim(cls, wanted: Path) -> Self:
        """Take the folder, or the first side folder that is free. Raises `DataFolderBusyError`."""
        wanted = wanted.resolve()
        for path in _places(wanted):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            return cls(path, wanted, lock)
        raise DataFolderBusyError(str(wanted))

    @property
    def moved(self) -> bool:
        """Whether the wanted folder was taken and this is a side folder of it."""
        return self.path != self.wanted

    def secret(self, name: str) -> str:
        """Read the secret of that name, made at its first use and kept in `secrets/` (0600)."""
        folder = self.path / "secrets"
        folder.mkdir(mode=0o700, exist_ok=True)
        return secret(folder / name)

    def write_environment(self, values: Mapping[str, str]) -> None:
        """Write where the parts listen, for the settings module and for commands in another terminal."""
        quoted = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in values.items()}
        lines = [f"{name}='{value}'\n" for name, value in quoted.items()]
        write_private(self.path / "environment", "".join(lines))

    def close(self) -> None:
        """Let the next one have it."""
        os.close(self.lock)


def _places(wanted: Path) -> Iterator[Path]:
    yield wanted
    for number in range(2, SIDES + 1):
        yield wanted / f"side-{number}"
