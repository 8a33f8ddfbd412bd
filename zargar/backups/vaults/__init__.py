"""The vaults: a directory, an S3 bucket, and the writing of several of them at once.

Every vault keeps the port's promises (`zargar.backups.ports.Vault`), and one contract suite proves it for each kind.
"""

import re
from typing import Final

from zargar.refusals import InvalidError

_PART: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_KEY: Final = re.compile(rf"{_PART}(?:/{_PART})*")
_PREFIX: Final = re.compile(rf"(?:{_KEY.pattern}/?)?")
_MOST_CHARACTERS: Final = 400


class ObjectKeyError(InvalidError):
    """A key that no vault takes: parts of A-Z, a-z, 0-9, `_`, `.` and `-`, none beginning with a dot, split by `/`."""


def checked_key(key: str) -> str:
    """Return a key that may be a file's path under a directory as well as an object's name. Raises `ObjectKeyError`."""
    if len(key) > _MOST_CHARACTERS or not _KEY.fullmatch(key):
        message = f"not an object's key: {key[:_MOST_CHARACTERS]!r}"
        raise ObjectKeyError(message)
    return key


def checked_prefix(prefix: str) -> str:
    """Return the beginning of a key: nothing, a key, or a key and a `/`. Raises `ObjectKeyError`."""
    if len(prefix) > _MOST_CHARACTERS or not _PREFIX.fullmatch(prefix):
        message = f"not the beginning of an object's key: {prefix[:_MOST_CHARACTERS]!r}"
        raise ObjectKeyError(message)
    return prefix
