"""How long a sitting may go on, and what becomes of a pack that it cannot hold.

A sitting is asked three things: after each pack whether its time is `over`, before a pack that may take long whether it
is `tired` (such a pack had better begin a sitting of its own), and while a pack is written whether its time is `spent`.
Whoever is told so gives up the pack that is under way, which costs that pack alone: what was read before it is kept. A
pack that was given up though its sitting had begun with it is larger than any sitting, and is left out of the backup by
name; so is one in which sittings have ended again and again without a word (a file system that hangs, a killed
process). All others are read.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, Self

from zargar.backups.manifest import PackEntry
from zargar.backups.packs import PackPlace, Sealed
from zargar.backups.progress import Progress
from zargar.backups.readers import Write
from zargar.backups.segments import SegmentWriter
from zargar.backups.stopping import Stop

TRIES: Final = 2
"""Sittings that may end in the middle of a pack before it is left out: once is chance."""

TOO_LONG: Final = "it takes longer than a task may; what a person makes (`zargar backups create`) has no limit"
AT_THE_END: Final = timedelta(seconds=80)
"""For how long a vault is waited for where the time is spent: the task's limit is two minutes after that."""

ENDED_IN: Final = f"{TRIES} sittings ended in the middle of it"


class TimeIsUpError(Exception):
    """The time of a sitting is over in the middle of a pack: what was written of it counts for nothing."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What a sitting is asked and told: see the module. `begins` hears the name of a long pack before its first byte.

    `progress` hears after each pack how many are read, of how many.
    """

    over: Stop
    tired: Stop
    spent: Stop
    begins: Callable[[str], object]
    progress: Progress

    def among(self, *, before: int = 0, after: int = 0) -> Self:
        """Return it for packs that so many others come before and after: who hears of them counts all."""
        tell = self.progress
        return replace(self, progress=lambda done, total: tell(before + done, before + total + after))


@dataclass(slots=True)
class Read:
    """What a sitting has read: packs by name, in words by name what could not be and what was `given_up` for good.

    `left`: how many packs are to come. `ended`: its time is up, whatever is left.
    """

    entries: dict[str, PackEntry] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    given_up: dict[str, str] = field(default_factory=dict)
    left: int = 0
    ended: bool = False

    @property
    def over(self) -> bool:
        """Whether the sitting is to be ended here."""
        return self.ended or self.left > 0

    @contextmanager
    def giving_up(self, name: str, *, fresh: bool) -> Iterator[None]:
        """Take it that the time is up in the middle of a pack: it is the first of the next sitting, or of none.

        `fresh`: the sitting was not tired as the pack began, so that it had a whole one.
        """
        try:
            yield
        except TimeIsUpError:
            self.ended = True
            if fresh and not self.entries:
                self.given_up[name] = TOO_LONG


def write(
    writer: SegmentWriter, name: str, write_to: Callable[[Write], Sealed], pace: Pace, *, heavy: bool
) -> PackPlace:
    """Write one pack while there is time. Raises `TimeIsUpError`, and as `SegmentWriter.write_sealed`."""
    if heavy:
        pace.begins(name)

    def timed(into: Write) -> Sealed:
        def take(piece: bytes) -> None:
            if pace.spent():
                raise TimeIsUpError
            into(piece)

        return write_to(take)

    return writer.write_sealed(name, timed)


def hopeless(tried: Mapping[str, int]) -> dict[str, str]:
    """Say of which packs so many sittings have ended in the middle that no other is to try. `tried` counts them."""
    return {name: ENDED_IN for name, count in tried.items() if count >= TRIES}
