"""Taking a list of customers into the shop that is entered: all of it, or nothing.

The file is read twice. First every line is judged and nothing is written; where anything is wrong, the answer is the
list of mistakes. Only then are its customers kept, a thousand a statement, in one transaction: a file is never half in.
Memory holds the numbers of the file and one batch. A customer whom the shop has by this number stays as they are,
consents included: what a person took back, a list does not give again. So the same file may be taken in twice.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final, TypeAlias

from django.db import transaction

from zargar.audit import operations as audit
from zargar.clock import TEHRAN
from zargar.customers import store
from zargar.customers.importing import CustomerFileError, Entry, Mistake, read
from zargar.customers.models import Customer
from zargar.customers.people import Way

BATCH: Final = 1000
MOST_MISTAKES: Final = 1000
"""How many mistakes are told; a file with more has one that repeats."""

Lines: TypeAlias = Callable[[], Iterable[str]]
"""Opens the file anew and gives its lines; see `importing.read`."""


@dataclass(frozen=True)
class Imported:
    """What came of a file. With mistakes nothing was kept; `mistaken_lines` counts all, `mistakes` tells the first."""

    lines: int
    added: int
    known: int
    consents: int
    mistaken_lines: int
    mistakes: tuple[Mistake, ...]


def import_file(
    lines: Lines, *, dry_run: bool, source: str, actor: str, reason: str, subject: str, now: datetime
) -> Imported:
    """Take a file in, or say what is wrong with it; with `dry_run` say what would come of it and keep nothing.

    `source` is what the consents come from. Raises `CustomerFileError`, and `InvalidError` for a blank reason.
    """
    today = now.astimezone(TEHRAN).date()
    mistakes: list[Mistake] = []
    right = mistaken = 0
    for one in read(lines(), today=today):
        if isinstance(one, Entry):
            right += 1
            continue
        mistaken += 1
        mistakes += one[: MOST_MISTAKES - len(mistakes)]
    if mistaken or dry_run:
        known = 0 if mistaken else sum(len(_known(batch)) for batch in _batches(read(lines(), today=today)))
        added = 0 if mistaken else right - known
        return Imported(right + mistaken, added, known, 0, mistaken, tuple(mistakes))
    with transaction.atomic():
        done = _keep_all(read(lines(), today=today), source=source, now=now)
        after = {"lines": done.lines, "added": done.added, "known": done.known, "consents": done.consents}
        audit.record(actor=actor, action="customers.import", subject=subject, reason=reason, after={**after})
    return done


def _keep_all(found: Iterable[Entry | tuple[Mistake, ...]], *, source: str, now: datetime) -> Imported:
    lines = added = consents = 0
    for batch in _batches(found):
        known = _known(batch)
        fresh = [entry for entry in batch if entry.mobile not in known]
        ids = store.add_all([_row(entry) for entry in fresh])
        for way in _ways(fresh):
            who = [ids[entry.mobile] for entry in fresh if way in entry.given]
            consents += store.give(who, way, source=source, now=now)
        lines += len(batch)
        added += len(fresh)
    return Imported(lines, added, lines - added, consents, 0, ())


def _batches(found: Iterable[Entry | tuple[Mistake, ...]]) -> Iterator[list[Entry]]:
    """Yield the customers in batches. Raises `CustomerFileError` for a mistake: the file was judged to have none."""
    entries = iter(found)
    while batch := list(islice(entries, BATCH)):
        right = [entry for entry in batch if isinstance(entry, Entry)]
        if len(right) < len(batch):
            message = "the file changed while it was read; nothing was kept"
            raise CustomerFileError(message)
        yield right


def _known(batch: list[Entry]) -> frozenset[str]:
    return store.known_mobiles([entry.mobile for entry in batch])


def _row(entry: Entry) -> Customer:
    return Customer(
        full_name=entry.full_name, mobile=entry.mobile, email=entry.email, birth_date=entry.birth_date, note=entry.note
    )


def _ways(entries: list[Entry]) -> list[Way]:
    return sorted({way for entry in entries for way in entry.given})
