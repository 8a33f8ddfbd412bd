"""Every call that came in, noted before anything else happens to it: what was asked can be counted after any crash."""

import json
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

MOST: Final = 10_000
"""Calls kept in memory; the file, where one is given, keeps all."""
MOST_CHARACTERS: Final = 50_000_000
"""Characters of bodies kept in memory: a bulk of messages is a hundred thousand."""


class Journal:
    """Calls in the order in which they came: in memory, and in a file of JSON lines where one is named."""

    def __init__(self, file: Path | None = None) -> None:
        self._calls: deque[dict[str, Any]] = deque()
        self._characters = 0
        self._file = file
        self._count = 0

    def note(self, **call: Any) -> int:  # noqa: ANN401 -- whatever JSON says about a call
        """Note a call and return its number `n`, which counts from 1 and is never used twice in this server's life."""
        self._count += 1
        entry = {"n": self._count, "at": datetime.now(UTC).isoformat(), **call}
        self._calls.append(entry)
        self._characters += _length(entry)
        while len(self._calls) > MOST or self._characters > MOST_CHARACTERS:
            self._characters -= _length(self._calls.popleft())
        self.add(**entry)
        return self._count

    def add(self, **entry: Any) -> None:  # noqa: ANN401 -- as above
        """Write what is no call of its own into the file alone, where one is named."""
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def calls(self) -> list[dict[str, Any]]:
        """Return the calls in memory, oldest first."""
        return list(self._calls)

    def clear(self) -> None:
        """Forget the calls in memory; the file and the count stay."""
        self._calls.clear()
        self._characters = 0


def _length(entry: dict[str, Any]) -> int:
    return len(str(entry.get("body", "")))
