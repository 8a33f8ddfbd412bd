"""Backups whose packs were tampered with and sealed again: every hash is right, the content is not what was read."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from zargar.backups import age, keys, manifest, sitting_store, store
from zargar.backups.making import House, Made
from zargar.backups.manifest import Manifest, PackEntry, SegmentEntry
from zargar.backups.members import Member
from zargar.backups.models import Backup, KeyRecord
from zargar.backups.packs import open_pack
from zargar.backups.retention import Kind
from zargar.backups.segments import SegmentWriter
from zargar.backups.store import Held
from zargar.backups.vaults.both import put_in_all


def members_of(house: House, made: Made, slug: str, holder: age.KeyPair) -> list[Member]:
    """Open a shop's pack in the first vault."""
    entry = entry_of(made.manifest, slug)
    secret = keys.read_object(house.vaults[0], entry.key, holder.identity)
    return list(open_pack(house.vaults[0], entry.place, secret))


def entry_of(found: Manifest, slug: str) -> PackEntry:
    """Find a shop's entry."""
    return next(entry for entry in found.packs if entry.shop == slug)


def key_of(entry: PackEntry) -> keys.ShopKey:
    """Find the key of a pack among those in the catalogue."""
    known = (keys.ShopKey(row.shop, row.recipient) for row in KeyRecord.objects.all())
    return next(key for key in known if key.object == entry.key)


def resealed(house: House, made: Made, packs: dict[str, Sequence[Member]]) -> Backup:
    """Write a backup that holds these members under the facts that `made` recorded, whole and in every vault."""
    backup = sitting_store.begin(kind=Kind.DAILY, reason="tampered with", now=house.clock())
    entries = []
    with SegmentWriter(str(backup.id), house.vaults) as writer:
        for slug, members in sorted(packs.items()):
            entry = entry_of(made.manifest, slug)
            entries.append(replace(entry, place=writer.write_pack(slug, members, key_of(entry).recipient)))
        written = writer.close()
    told = replace(
        made.manifest,
        backup=str(backup.id),
        packs=tuple(entries),
        segments=tuple(SegmentEntry(one.key, one.size, one.sha256) for one in written),
    )
    return published(house, backup, told)


def published(house: House, backup: Backup, told: Manifest) -> Backup:
    """Write a manifest to every vault and close the backup as whole."""
    data = manifest.dump(told)
    faults = {one.vault: one.error for one in put_in_all(house.vaults, manifest.key_of(told.backup), data)}
    holds = {pack.schema: pack.holds for pack in Backup.objects.order_by("number")[0].packs.all()}
    held = {entry.place.pack: Held(holds[entry.label], entry.place.pack, entry.schema) for entry in told.packs}
    sitting_store.finish(backup, told, sha256=hashlib.sha256(data).hexdigest(), held=held, faults=faults)
    found = store.found(backup.id)
    assert found is not None
    return found
