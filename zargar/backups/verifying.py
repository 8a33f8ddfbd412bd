"""Complete what vaults lack, then read copies back: those of one backup, or those whose turn it is.

Turns: what was left half read, then what nobody has ever read back, then what was read longest ago.

Note [When time is up]
----------------------
Both are asked to `stop` between two segments, so that neither a task's limit nor anything else that it has to do
depends on how large a copy is. A copy that was not read to its end keeps how far it came (`Copy.half_read`), and so
does each one whose turn it was; `go_on` takes up these and no others, so that sittings of one job come to an end. After
`TAKE_UP_WITHIN` a copy is read from its beginning: a verdict speaks of some days at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from zargar.backups import drill_store, key_store, proving, store
from zargar.backups.key_objects import ReadBack, agreed
from zargar.backups.manifest import DamagedManifestError, UnknownFormatError
from zargar.backups.models import Copy, CopyState
from zargar.backups.ports import NoSuchObjectError, Vault, VaultError
from zargar.backups.progress import Progress, nobody
from zargar.backups.proving import Completed, Proof
from zargar.backups.reading_back import SoFar
from zargar.backups.stopping import Stop, never
from zargar.outcomes import JSON, Summary

TAKE_UP_WITHIN: Final = timedelta(days=3)
"""How long after its beginning the reading of a copy is gone on with."""

_MEASURED_IN_A_GO: Final = 500

_THERE: Final = (CopyState.STORED, CopyState.GOOD, CopyState.DAMAGED)


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of copies, what was brought over, and what is not known or not there.

    `unanswered`: what nobody knows, of a copy or of a key (then `backup` is None). `missing`: what vaults still lack.
    `left`: copies whose turn it was, and that the time was not enough for.
    """

    proven: tuple[Summary, ...]
    unanswered: tuple[Summary, ...]
    completed: tuple[str, ...]
    missing: tuple[Summary, ...]
    left: int

    def summary(self) -> Summary:
        """Say it in JSON."""
        return {
            "proven": list(self.proven), "unanswered": list(self.unanswered), "completed": list(self.completed),
            "missing": list(self.missing), "left": self.left,
        }  # fmt: skip


def verify(
    vaults: Sequence[Vault], *, now: datetime, backup: UUID | None = None, at_most: int = 4, stop: Stop = never,
    go_on: bool = False, progress: Progress = nobody,
) -> Verified:  # fmt: skip
    """Do both, for at most so many copies, or for all those of one backup.

    A vault that does not answer is named in `unanswered` and not asked again; the others have their turns.
    """
    by_name = {vault.name: vault for vault in vaults}
    torn = _measured(vaults)
    completed, cut = _complete(store.missing(), by_name, now=now, stop=stop)
    copies = turns(store.in_vaults(states=_THERE), backup=backup, now=now, go_on=go_on)
    reading = _Reading(by_name, now, stop, progress)
    reading.through(copies, at_most=len(copies) if backup is not None else at_most)
    if reading.lost and not stop():
        brought_back, cut_too = _complete(reading.lost, by_name, now=now, stop=stop)
        completed, cut = completed + brought_back, cut + cut_too
    wanted = [copy for copy in store.missing(backup=backup) if copy.condemned_at is None]
    missing = [_told(copy, fault=copy.detail) for copy in wanted]
    return Verified(
        tuple(reading.proven), (*reading.unanswered, *torn), tuple(completed), tuple(missing), cut + reading.left
    )


def turns(copies: Sequence[Copy], *, backup: UUID | None, now: datetime, go_on: bool) -> list[Copy]:
    """Put copies in the order of their turns: see the module. `copies`: those read longest ago first."""
    wanted = [copy for copy in copies if backup is None or copy.backup.id == backup]
    left = [copy for copy in wanted if _begun(copy, now=now) is not None]
    if go_on and left:
        return left
    return sorted(wanted, key=lambda copy: (copy not in left, copy.state != CopyState.STORED))


class _Reading:
    """Copies that are read one after another, and what came of it."""

    def __init__(self, vaults: dict[str, Vault], now: datetime, stop: Stop, progress: Progress) -> None:
        self._vaults = vaults
        self._now = now
        self._stop = stop
        self._progress = progress
        self._silent: set[str] = set()
        self._keys = ReadBack(key_store.measures, store.destroyed)
        self.proven: list[Summary] = []
        self.unanswered: list[Summary] = []
        self.lost: list[Copy] = []
        self.left = 0

    def through(self, copies: Sequence[Copy], *, at_most: int) -> None:
        """Read so many; what does not answer does not count."""
        for copy in copies:
            if len(self.proven) + self.left >= at_most:
                return
            if copy.vault in self._silent:
                continue
            if self.left or self._stop():
                self._leave(copy, _begun(copy, now=self._now) or SoFar())
            else:
                self._read(copy)
            self._progress(len(self.proven) + self.left, min(at_most, len(copies)))

    def _read(self, copy: Copy) -> None:
        try:
            proof = self._proof(copy)
        except UnknownFormatError as fault:
            self.unanswered.append(_told(copy, fault=str(fault)))
        except VaultError as fault:
            self._silent.add(copy.vault)
            self.unanswered.append(_told(copy, fault=str(fault)))
        else:
            if proof.half is not None:
                self._leave(copy, proof.half)
            else:
                self._note(copy, proof)

    def _proof(self, copy: Copy) -> Proof:
        vault = self._vaults.get(copy.vault)
        if vault is None:
            message = f"the vault {copy.vault} is not configured"
            raise VaultError(message)
        begun = _begun(copy, now=self._now)
        backup = copy.backup
        return proving.prove(
            vault, str(backup.id), sha256=backup.manifest_sha256, keys=self._keys, begun=begun, stop=self._stop
        )

    def _note(self, copy: Copy, proof: Proof) -> None:
        state = CopyState.GOOD if proof.good else CopyState.DAMAGED
        if proof.lost and store.has_source(copy, among=self._vaults.keys() - self._silent):
            state = CopyState.MISSING
            self.lost.append(copy)
        store.note(copy, state=state, now=self._now, detail="; ".join(proof.faults))
        faults: list[JSON] = list(proof.faults)
        self.proven.append({
            "backup": str(copy.backup.id), "vault": copy.vault, "good": proof.good,
            "checked_bytes": proof.checked_bytes, "faults": faults, "erased": list(drill_store.erased_in(copy.backup)),
        })  # fmt: skip

    def _leave(self, copy: Copy, half: SoFar) -> None:
        earlier = copy.half_read
        since = earlier["since"] if earlier and _begun(copy, now=self._now) else self._now.isoformat()
        faults: dict[str, JSON] = dict(half.faults)
        store.keep_half_read(
            copy,
            {
                "since": since,
                "segments": half.segments,
                "faults": faults,
                "keys": half.keys,
                "suspect": list(half.suspect),
            },
        )
        self.left += 1


def _begun(copy: Copy, *, now: datetime) -> SoFar | None:
    """Return how far an earlier sitting has come; None where there was none, or too long ago."""
    half = copy.half_read
    if not half or abs(now - datetime.fromisoformat(half["since"])) > TAKE_UP_WITHIN:
        return None
    return SoFar(half["segments"], half["faults"], keys=half.get("keys", 0), suspect=tuple(half.get("suspect", ())))


def _measured(vaults: Sequence[Vault]) -> list[Summary]:
    """Measure some of the key objects that nobody has measured yet; say of which nobody can tell what is right."""
    same, torn = agreed(vaults, key_store.unmeasured(at_most=_MEASURED_IN_A_GO))
    key_store.learn(same)
    return [{"backup": None, "vault": " and ".join(one.name for one in vaults), "fault": why} for why in torn.values()]


def _complete(
    missing: Sequence[Copy], vaults: dict[str, Vault], *, now: datetime, stop: Stop
) -> tuple[list[str], int]:  # fmt: skip
    """Bring over what vaults lack; return in words what was completed, and how many the time was not enough for.

    Where no vault can give it, the one that lacks it is asked: a person may have brought it back himself.
    """
    done: list[str] = []
    left = 0
    sources: dict[int, list[Copy]] = {}
    for copy in store.in_vaults(states=[CopyState.GOOD, CopyState.STORED]):
        if copy.vault in vaults:
            sources.setdefault(copy.backup_id, []).append(copy)
    alone = _Alone(vaults)
    for lacking in missing:
        having = sources.get(lacking.backup_id, [])
        if not having and (found := alone.found(lacking)) is not None:
            store.note(lacking, state=found[0], now=now, detail=found[1])
        if not having or lacking.vault not in vaults:
            continue
        if left:
            left += 1
            continue
        brought, faults = _brought(having, lacking, vaults, now=now, stop=stop)
        if brought is None:
            store.note(lacking, state=CopyState.MISSING, now=now, detail="; ".join(faults))
        elif brought.cut:
            left += 1
        elif brought.nowhere:
            store.note(lacking, state=CopyState.DAMAGED, now=now, detail=brought.nowhere)
        else:
            store.note(lacking, state=CopyState.STORED, now=now)
            done.append(f"{lacking.backup.id} in {lacking.vault}")
    return done, left


class _Alone:
    """Copies that no other vault can complete: whether what lies there is all of them after all, or can be opened."""

    def __init__(self, vaults: dict[str, Vault]) -> None:
        self._vaults = vaults
        self._silent: set[str] = set()

    def found(self, copy: Copy) -> tuple[CopyState, str] | None:
        """Return what it is by its manifest and the sizes of its segments; None where it has no manifest.

        Reading back comes next, and says more.
        """
        vault = self._vaults.get(copy.vault)
        if vault is None or vault.name in self._silent:
            return None
        try:
            told = proving.read_manifest(vault, str(copy.backup.id), sha256=copy.backup.manifest_sha256)
            fault = proving.lacking(vault, told)
        except (NoSuchObjectError, DamagedManifestError, UnknownFormatError):
            return None
        except VaultError:  # nothing is known, and the copy stays what it was
            self._silent.add(vault.name)
            return None
        return (CopyState.DAMAGED, fault) if fault else (CopyState.STORED, "")


def _brought(
    having: Sequence[Copy], lacking: Copy, vaults: dict[str, Vault], *, now: datetime, stop: Stop
) -> tuple[Completed | None, list[str]]:
    """Try one source after another, the good ones first, until all is there. None: none of them did, and why.

    A source whose manifest is not what was written is damaged, and is noted as that.
    """
    faults = []
    brought: Completed | None = None
    backup, sha256 = str(lacking.backup.id), lacking.backup.manifest_sha256
    for source in sorted(having, key=lambda copy: copy.state != CopyState.GOOD):
        try:
            brought = proving.complete(
                vaults[source.vault],
                vaults[lacking.vault],
                backup,
                sha256=sha256,
                known=key_store.measures,
                destroyed=store.destroyed,
                stop=stop,
            )
        except DamagedManifestError as fault:
            store.note(source, state=CopyState.DAMAGED, now=now, detail=str(fault))
            faults.append(str(fault))
        except (VaultError, UnknownFormatError) as fault:
            faults.append(str(fault))
        else:
            if not brought.nowhere:
                return brought, []
    return brought, faults


def _told(copy: Copy, *, fault: str) -> Summary:
    return {"backup": str(copy.backup.id), "vault": copy.vault, "fault": fault}
