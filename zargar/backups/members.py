"""What a pack is made of: named pieces of bytes, small enough that a few of them fit into memory. Pure."""

from dataclasses import dataclass
from typing import Final

MOST_BYTES: Final = 8 << 20
"""The longest member. A table that is larger comes as several, numbered in order."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a pack's tar archive. `name` is a relative POSIX path without `..`."""

    name: str
    data: bytes
