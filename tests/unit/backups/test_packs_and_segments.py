"""A pack comes back whole or says what is wrong with it; no fault of a vault, a key or a reader passes in silence."""

import os
import subprocess
import tarfile
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard

from tests.support.vaults import (
    BACKUP,
    SHOP_A,
    SHOP_B,
    damage,
    directory,
    noise,
    shop_members,
    stored_hash,
    written,
)
from zargar.backups import age
from zargar.backups.members import MOST_BYTES, Member
from zargar.backups.packs import (
    DamagedPackError,
    MemberError,
    PackPlace,
    Piece,
    WrongKeyError,
    check_stored,
    open_pack,
    seal,
)
from zargar.backups.ports import Vault, VaultFullError, VaultUnreachableError
from zargar.backups.segments import SegmentsClosedError, SegmentWriter
from zargar.backups.vaults.both import NoVaultLeftError
from zargar.backups.vaults.breaking import BreakingVault
from zargar.backups.vaults.directory import DirectoryVault

SEGMENTS = f"segments/{BACKUP}/"


@pytest.fixture
def here(tmp_path: Path) -> DirectoryVault:
    return directory(tmp_path, "here")


@pytest.fixture
def there(tmp_path: Path) -> DirectoryVault:
    return directory(tmp_path, "there")


def one_pack(vault: Vault, members: list[Member]) -> PackPlace:
    (place,) = written([vault], {"shop_a": (members, SHOP_A.recipient)})
    return place


def joined(vault: Vault, place: PackPlace) -> bytes:
    return b"".join(
        b"".join(vault.read(piece.segment, start=piece.offset, length=piece.length)) for piece in place.pieces
    )


def no_age_thread_is_left() -> bool:
    return not any(thread.name == "age" for thread in threading.enumerate())


def test_a_pack_comes_back_member_for_member_from_each_vault(here: DirectoryVault, there: DirectoryVault) -> None:
    members = shop_members("rings")
    (place,) = written([here, there], {"shop_a": (members, SHOP_A.recipient)})
    for vault in (here, there):
        assert list(open_pack(vault, place, SHOP_A.identity)) == members
        check_stored(vault, place)


def test_small_packs_share_a_segment_and_each_is_read_by_its_own_range(here: DirectoryVault) -> None:
    packs = {f"shop_{n}": (shop_members(f"t{n}"), SHOP_A.recipient) for n in range(20)}
    places = written([here], packs)
    assert [stored.key for stored in here.keys(SEGMENTS)] == [f"segments/{BACKUP}/00000"]
    assert places[0].pieces[0].offset == 0
    assert all(
        first.pieces[0].offset + first.stored_length == then.pieces[0].offset for first, then in pairwise(places)
    )
    for place, (members, _) in zip(places, packs.values(), strict=True):
        assert list(open_pack(here, place, SHOP_A.identity)) == members


def test_a_large_pack_spans_segments_that_are_full_but_for_the_last(here: DirectoryVault) -> None:
    (place,) = written([here], {"big": (list(noise(5_000_000)), SHOP_A.recipient)}, most_bytes=1 << 20)
    assert [piece.length for piece in place.pieces[:-1]] == [1 << 20] * (len(place.pieces) - 1)
    assert len(place.pieces) == 5
    assert [stored.size for stored in here.keys(SEGMENTS)] == [piece.length for piece in place.pieces]
    assert sum(len(member.data) for member in open_pack(here, place, SHOP_A.identity)) == 5_000_000


def test_a_pack_that_ends_with_its_segment_leaves_no_empty_one(here: DirectoryVault) -> None:
    kept: list[bytes] = []
    seal([Member("x", b"")], SHOP_A.recipient, kept.append)
    with SegmentWriter(BACKUP, [here], most_bytes=1) as writer:
        place = writer.write_pack("tiny", [Member("x", b"")], SHOP_A.recipient)
        segments = writer.close()
    assert {segment.size for segment in segments} == {1}
    assert len(segments) == place.stored_length
    assert list(open_pack(here, place, SHOP_A.identity)) == [Member("x", b"")]


def test_the_same_members_have_the_same_plain_hash_and_other_stored_bytes() -> None:
    first, second = (seal(shop_members("rings"), SHOP_A.recipient, lambda _: None) for _ in range(2))
    other = seal(shop_members("chains"), SHOP_A.recipient, lambda _: None)
    assert first.sha256_plain == second.sha256_plain != other.sha256_plain
    assert first.sha256_stored != second.sha256_stored


def test_a_segment_records_what_is_in_the_vault(here: DirectoryVault) -> None:
    with SegmentWriter(BACKUP, [here]) as writer:
        writer.write_pack("shop_a", shop_members("rings"), SHOP_A.recipient)
        (segment,) = writer.close()
    assert segment.sha256 == stored_hash(here, segment.key)
    assert here.stat(segment.key).size == segment.size  # type: ignore[union-attr]  # it is there: it was hashed


def test_zstd_and_tar_open_what_age_has_opened(here: DirectoryVault, tmp_path: Path) -> None:
    members = shop_members("rings")
    place = one_pack(here, members)
    compressed = BytesIO()
    age.unlock(BytesIO(joined(here, place)).read, compressed.write, SHOP_A.identity)
    plain = zstandard.ZstdDecompressor().stream_reader(compressed.getvalue()).read()
    with tarfile.open(fileobj=BytesIO(plain)) as archive:
        assert archive.getnames() == [member.name for member in members]
        assert {(header.mtime, header.uid, header.mode) for header in archive} == {(0, 0, 0o600)}
    assert len(plain) == place.plain_length


@pytest.mark.debian("zstd")
def test_stock_zstd_and_tar_unpack_a_pack(here: DirectoryVault, tmp_path: Path) -> None:
    members = shop_members("rings")
    place = one_pack(here, members)
    with (tmp_path / "pack.zst").open("wb") as compressed:
        age.unlock(BytesIO(joined(here, place)).read, compressed.write, SHOP_A.identity)
    (tmp_path / "out").mkdir()
    subprocess.run("zstd -dc pack.zst | tar -x -C out", shell=True, cwd=tmp_path, check=True)  # noqa: S602, S607 -- as the runbook has it
    assert {member.name: (tmp_path / "out" / member.name).read_bytes() for member in members} == {
        member.name: member.data for member in members
    }


@pytest.mark.debian("age")
@pytest.mark.debian("zstd")
def test_stock_tools_alone_open_a_pack(here: DirectoryVault, tmp_path: Path) -> None:
    members = shop_members("rings")
    place = one_pack(here, members)
    (tmp_path / "pack.age").write_bytes(joined(here, place))
    (tmp_path / "shop.key").write_text(SHOP_A.identity + "\n")
    (tmp_path / "out").mkdir()
    line = "set -o pipefail; age -d -i shop.key pack.age | zstd -dc | tar -x -C out"
    subprocess.run(["bash", "-c", line], cwd=tmp_path, check=True)  # noqa: S607 -- as the runbook has it
    assert (tmp_path / "out" / "pre-data.sql").read_bytes() == members[0].data


@pytest.mark.parametrize("at", [0, 150, 300, 5_000, 700_000, -1])
def test_one_changed_byte_anywhere_is_damage(here: DirectoryVault, tmp_path: Path, at: int) -> None:
    place = one_pack(here, list(noise(900_000)))
    key = place.pieces[0].segment
    byte = b"".join(here.read(key))[at]
    damage(tmp_path / "here", key, bytes([byte ^ 1]), at)
    with pytest.raises(DamagedPackError, match="vault here: pack shop_a: "):
        check_stored(here, place)
    with pytest.raises(DamagedPackError, match="vault here: pack shop_a: "):
        list(open_pack(here, place, SHOP_A.identity))
    assert no_age_thread_is_left()


@pytest.mark.parametrize("left", [0, 100, 66_000, -1])
def test_a_segment_cut_short_is_damage(here: DirectoryVault, tmp_path: Path, left: int) -> None:
    place = one_pack(here, list(noise(900_000)))
    os.truncate(tmp_path / "here" / place.pieces[0].segment, left if left >= 0 else place.stored_length + left)
    for check in (lambda: check_stored(here, place), lambda: list(open_pack(here, place, SHOP_A.identity))):
        with pytest.raises(DamagedPackError, match="cut short at"):
            check()


def test_a_segment_that_is_gone_is_damage(here: DirectoryVault) -> None:
    place = one_pack(here, shop_members("rings"))
    here.delete(place.pieces[0].segment)
    with pytest.raises(DamagedPackError, match=f"segments/{BACKUP}/00000 is gone"):
        check_stored(here, place)
    with pytest.raises(DamagedPackError, match="is gone"):
        list(open_pack(here, place, SHOP_A.identity))


@pytest.mark.parametrize("keys", [(SHOP_A, SHOP_A), (SHOP_A, SHOP_B)])
def test_two_shops_whose_pieces_are_swapped_are_damage_with_one_key_as_with_two(
    here: DirectoryVault, keys: tuple[age.KeyPair, age.KeyPair]
) -> None:
    first, second = written(
        [here],
        {"shop_a": (shop_members("a"), keys[0].recipient), "shop_b": (shop_members("b"), keys[1].recipient)},
    )
    swapped = PackPlace("shop_a", second.pieces, first.sha256_plain, first.sha256_stored, first.plain_length)
    with pytest.raises(DamagedPackError):
        check_stored(here, swapped)
    with pytest.raises(DamagedPackError):
        list(open_pack(here, swapped, keys[0].identity))


def test_the_other_shops_pack_under_a_resealed_stored_hash_is_not_what_was_read(here: DirectoryVault) -> None:
    first, second = written(
        [here],
        {"shop_a": (shop_members("a"), SHOP_A.recipient), "shop_b": (shop_members("b"), SHOP_A.recipient)},
    )
    forged = PackPlace("shop_a", second.pieces, first.sha256_plain, second.sha256_stored, second.plain_length)
    with pytest.raises(DamagedPackError, match="not what was read from the database"):
        list(open_pack(here, forged, SHOP_A.identity))


def test_a_pack_locked_anew_is_not_the_one_that_was_written(here: DirectoryVault) -> None:
    place = replace(one_pack(here, shop_members("rings")), sha256_stored="0" * 64)
    with pytest.raises(DamagedPackError, match="stored bytes are not those"):
        list(open_pack(here, place, SHOP_A.identity))


def test_a_wrong_key_is_told_from_damage(here: DirectoryVault) -> None:
    place = one_pack(here, shop_members("rings"))
    with pytest.raises(WrongKeyError, match="pack shop_a is not locked for the key"):
        list(open_pack(here, place, SHOP_B.identity))


def test_a_text_that_is_no_key_is_refused_without_being_repeated(here: DirectoryVault) -> None:
    place = one_pack(here, shop_members("rings"))
    secret = SHOP_A.identity[:-3] + "QQQ"
    with pytest.raises(age.BadAgeKeyError) as refused:
        list(open_pack(here, place, secret))
    assert secret[20:40] not in str(refused.value)
    assert SHOP_A.identity not in repr(SHOP_A)


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../up", "a/../../up", "a//b", "./a", "a/", "a\0b"])
def test_a_members_name_cannot_lead_elsewhere(name: str) -> None:
    with pytest.raises(MemberError, match="relative path"):
        seal([Member(name, b"")], SHOP_A.recipient, lambda _: None)


def forged_pack(vault: Vault, header: tarfile.TarInfo) -> PackPlace:
    """A pack, hashes and all, with an archive that ours would not have made."""
    plain = header.tobuf(tarfile.PAX_FORMAT) + bytes(1024)
    stored = BytesIO()
    age.lock(BytesIO(zstandard.compress(plain)).read, stored.write, [SHOP_A.recipient])
    written_as = vault.put("segments/forged", [stored.getvalue()])
    piece = Piece("segments/forged", 0, written_as.size)
    return PackPlace("forged", (piece,), "", stored_hash(vault, "segments/forged"), len(plain))


@pytest.mark.parametrize(
    ("name", "kind", "words"), [("l", tarfile.SYMTYPE, "l is not a file"), ("../up", tarfile.REGTYPE, "relative path")]
)
def test_an_archive_with_a_link_or_a_path_outside_is_damage(
    here: DirectoryVault, name: str, kind: bytes, words: str
) -> None:
    header = tarfile.TarInfo(name)
    header.type = kind
    with pytest.raises(DamagedPackError, match=words):
        list(open_pack(here, forged_pack(here, header), SHOP_A.identity))


def test_nothing_read_makes_no_pack() -> None:
    with pytest.raises(MemberError, match="without any member"):
        seal([], SHOP_A.recipient, lambda _: None)


def test_a_member_of_the_most_bytes_passes_and_one_more_does_not(here: DirectoryVault) -> None:
    place = one_pack(here, [Member("most", bytes(MOST_BYTES))])
    assert [len(member.data) for member in open_pack(here, place, SHOP_A.identity)] == [MOST_BYTES]
    with pytest.raises(MemberError, match="8388609 bytes"):
        seal([Member("more", bytes(MOST_BYTES + 1))], SHOP_A.recipient, lambda _: None)


def test_a_reader_that_fails_after_some_bytes_spoils_its_own_pack_alone(here: DirectoryVault) -> None:
    def failing() -> Iterator[Member]:
        yield from noise(3_000_000)
        message = "the database broke off"
        raise ConnectionError(message)

    with SegmentWriter(BACKUP, [here], most_bytes=1 << 20) as writer:
        before = writer.write_pack("before", shop_members("a"), SHOP_A.recipient)
        with pytest.raises(ConnectionError, match="the database broke off"):
            writer.write_pack("broken", failing(), SHOP_A.recipient)
        again = writer.write_pack("broken", shop_members("b"), SHOP_A.recipient)
        segments = writer.close()
    assert list(open_pack(here, before, SHOP_A.identity)) == shop_members("a")
    assert list(open_pack(here, again, SHOP_A.identity)) == shop_members("b")
    assert sum(segment.size for segment in segments) > 2_000_000


@pytest.mark.parametrize("length", [10, 100_000, 3_000_000], ids=["small", "some pieces", "many"])
def test_an_error_of_whoever_takes_a_packs_bytes_is_never_lost(length: int) -> None:
    def refuse(_: bytes) -> None:
        message = "not one byte"
        raise VaultFullError(message)

    with pytest.raises(VaultFullError, match="not one byte"):
        seal([Member("noise", os.urandom(length))], SHOP_A.recipient, refuse)


def test_leaving_by_an_error_stores_nothing_of_the_open_segment(here: DirectoryVault, tmp_path: Path) -> None:
    writer = SegmentWriter(BACKUP, [here])

    def fail_after_a_pack() -> None:
        with writer:
            writer.write_pack("shop_a", shop_members("a"), SHOP_A.recipient)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_a_pack()
    assert list(here.keys(SEGMENTS)) == []
    assert list((tmp_path / "here" / ".unfinished").iterdir()) == []
    with pytest.raises(SegmentsClosedError):
        writer.write_pack("shop_b", shop_members("b"), SHOP_A.recipient)


def test_a_vault_that_fails_in_the_middle_of_a_segment_leaves_the_other_whole(
    here: DirectoryVault, there: DirectoryVault
) -> None:
    full = BreakingVault(there, after=2_500_000, error=VaultFullError)
    with SegmentWriter(BACKUP, [full, here], most_bytes=1 << 20) as writer:
        place = writer.write_pack("big", noise(6_000_000), SHOP_A.recipient)
        segments = writer.close()
    assert [segment.outcomes[1].error for segment in segments] == [None] * 6
    assert [segment.outcomes[0].error is None for segment in segments] == [True, True, *[False] * 4]
    assert "broke while segments/" in str(segments[2].outcomes[0].error)
    assert full.attempts == 3
    assert len(list(there.keys(SEGMENTS))) == 2
    assert sum(len(member.data) for member in open_pack(here, place, SHOP_A.identity)) == 6_000_000


def test_when_every_vault_has_failed_the_backup_does(here: DirectoryVault, there: DirectoryVault) -> None:
    vaults = [BreakingVault(here, after=0, error=VaultFullError), BreakingVault(there, after=1_500_000)]
    with SegmentWriter(BACKUP, vaults, most_bytes=1 << 20) as writer:
        with pytest.raises(NoVaultLeftError, match=r"vault here: broke .*; vault there: broke "):
            writer.write_pack("big", noise(20_000_000), SHOP_A.recipient)
        with pytest.raises(NoVaultLeftError):
            writer.close()


def test_all_vaults_failing_at_the_very_end_is_found_by_close(here: DirectoryVault) -> None:
    with SegmentWriter(BACKUP, [BreakingVault(here, after=10)]) as writer:
        writer.write_pack("shop_a", shop_members("a"), SHOP_A.recipient)
        with pytest.raises(NoVaultLeftError):
            writer.close()


def test_a_bug_in_a_vault_is_not_called_degraded(here: DirectoryVault, there: DirectoryVault) -> None:
    with SegmentWriter(BACKUP, [BreakingVault(there, after=10, error=TypeError), here]) as writer:
        writer.write_pack("shop_a", shop_members("a"), SHOP_A.recipient)
        with pytest.raises(TypeError, match="broke"):
            writer.close()


def test_a_reader_may_leave_in_the_middle_and_nothing_goes_on(here: DirectoryVault) -> None:
    place = one_pack(here, list(noise(5_000_000)))
    members = open_pack(here, place, SHOP_A.identity)
    assert next(members).name == "noise/00000"
    members.close()  # type: ignore[attr-defined]  # it is a generator
    assert no_age_thread_is_left()


def test_a_vault_that_breaks_off_while_a_pack_is_read_is_not_called_damage(here: DirectoryVault) -> None:
    class Leaving(DirectoryVault):
        def read(self, key: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
            yield next(super().read(key, start=start, length=length))
            message = "vault here: broke off"
            raise VaultUnreachableError(message)

    place = one_pack(here, list(noise(5_000_000)))
    leaving = Leaving(here._root, name="here")  # noqa: SLF001 -- the same directory, read by a worse vault
    with pytest.raises(VaultUnreachableError, match="broke off"):
        list(open_pack(leaving, place, SHOP_A.identity))


def test_memory_stays_bounded_both_ways(here: DirectoryVault, there: DirectoryVault) -> None:
    tracemalloc.start()
    try:
        with SegmentWriter(BACKUP, [here, there], most_bytes=16 << 20) as writer:
            place = writer.write_pack("big", noise(60_000_000), SHOP_A.recipient)
            writer.close()
        assert sum(len(member.data) for member in open_pack(here, place, SHOP_A.identity)) == 60_000_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000
