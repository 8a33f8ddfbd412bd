"""A secret that is made once and kept in a file of mode 0600."""

import os
import secrets
from pathlib import Path


def secret(path: Path) -> str:
    """Read the secret in `path`; make it (256 bits, URL-safe) where there is none yet. The folder must exist."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        file.write(value := secrets.token_urlsafe(32))
    return value


def write_private(path: Path, text: str) -> None:
    """Replace the file in one step; it is never half written and never readable by others (0600)."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    part.replace(path)
