"""What a backup does not hold, as its manifest says it: lines of `NAME: why`. Pure.

NAME is a shop's schema, `shared`, or a pack of files. A socket or a device in a folder has no content to be kept: it is
named, and the backup is no less whole for it. Whatever else is named is lacking, and the backup is degraded.
"""

from collections.abc import Iterable
from typing import Final

NO_CONTENT: Final = "neither file, folder nor link"
"""How the line of an entry of a folder ends that is nothing but a name."""


def lacks(excluded: Iterable[str]) -> list[str]:
    """Return the lines that make a backup less than whole."""
    return [line for line in excluded if not line.endswith(NO_CONTENT)]


def name(line: str) -> str:
    """Return what a line is about."""
    return line.partition(": ")[0]


def names(lines: Iterable[str]) -> list[str]:
    """Return what these lines are about, each once, in their order."""
    return list(dict.fromkeys(name(line) for line in lines))
