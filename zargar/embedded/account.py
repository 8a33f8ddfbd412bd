"""The system account that a server runs under when we are root. PostgreSQL refuses to be root.

An account that exists is used; none is created, and no permission of an existing file or folder is changed. Whether
the account reaches a path is asked of the kernel, by a process that runs as it: every parent, group and access list
counts, and no rule of theirs is repeated here.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from zargar.embedded.errors import NoUnprivilegedAccountError

PREFERRED = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A system account by its numbers; a process started under it has no further groups."""

    name: str
    uid: int
    gid: int

    @classmethod
    def unprivileged(cls) -> Self | None:
        """Find the account to run a server under: None when we are not root and may run it ourselves.

        Raises `NoUnprivilegedAccountError`.
        """
        if os.geteuid() != 0:
            return None
        for name in PREFERRED:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(name, entry.pw_uid, entry.pw_gid)
        raise NoUnprivilegedAccountError

    def reaches(self, path: Path) -> bool:
        """Say whether the account may enter the folder `path`, or run the file `path`."""
        asked = subprocess.run(  # noqa: S603 -- no shell, and the path is ours
            ["test", "-x", str(path)],  # noqa: S607 -- coreutils' place differs between systems
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            cwd="/",
            check=False,
        )
        return asked.returncode == 0

    def give(self, path: Path) -> None:
        """Hand over a file or folder that we made ourselves."""
        os.chown(path, self.uid, self.gid)
