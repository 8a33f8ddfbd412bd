"""The copies that removals go by: whether they are still there, before anything is removed on their word.

A verdict is of the day on which a copy was read back. Since then its objects may have vanished, or its vault may answer
no reader any more, and it would go on vouching for what it had replaced. So it is looked at: its manifest is read and
proven, its segments are listed and compared in size. That costs a vault a request and a listing in a sweep, not each
byte again. One that is not there as it was, or was read back too long ago, vouches for nothing from then on: it counts
as stored, and is the next to be read back, which says what it is.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from zargar.backups import proving, store
from zargar.backups.manifest import DamagedManifestError
from zargar.backups.models import Copy, CopyState
from zargar.backups.ports import NoSuchObjectError, Vault

VERDICT_LASTS: Final = timedelta(days=30)
"""How old the verdict may be by which something is removed. Reading back takes each copy in its turn, within days."""


class Vouchers:
    """The copies that one sweep goes by, each looked at once. `doubted`: what is wrong with some, in words."""

    def __init__(self, *, now: datetime) -> None:
        self._now = now
        self._sound: dict[tuple[str, str], bool] = {}
        self.doubted: list[str] = []

    def sound(self, vault: Vault, backups: Collection[str]) -> bool:
        """Say whether a vault has all of these as they were. Raises its errors, and `UnknownFormatError`."""
        return all(self._is_sound(vault, backup) for backup in backups)

    def looked_at(self, vault: Vault, backups: Collection[str]) -> bool:
        """Say whether all of these were found as they were, without asking the vault again."""
        return all(self._sound.get((vault.name, backup), False) for backup in backups)

    def _is_sound(self, vault: Vault, backup: str) -> bool:
        key = (vault.name, backup)
        if key not in self._sound:
            copy = store.copy_in(backup, vault.name)
            doubt = self._doubt(vault, copy)
            if doubt:
                store.note(copy, state=CopyState.STORED, now=self._now, detail=doubt)
                self.doubted.append(f"what {backup} in {vault.name} replaces: {doubt}")
            self._sound[key] = not doubt
        return self._sound[key]

    def _doubt(self, vault: Vault, copy: Copy) -> str:
        """Say why a copy can vouch for nothing now; empty where it can."""
        if copy.checked_at is None or abs(self._now - copy.checked_at) > VERDICT_LASTS:
            return f"it was not read back for {VERDICT_LASTS.days} days"
        try:
            told = proving.read_manifest(vault, str(copy.backup.id), sha256=copy.backup.manifest_sha256)
        except (DamagedManifestError, NoSuchObjectError) as fault:
            return str(fault)
        return proving.lacking(vault, told) or ""
