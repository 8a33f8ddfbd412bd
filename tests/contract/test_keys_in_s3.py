"""Key objects in S3: a store that is away is asked a few times and not for each key, and gets all of them later."""

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from tests.support import s3
from tests.support.vaults import directory
from zargar.backups import age, keys
from zargar.backups.key_objects import AT_ONCE, Measure, ReadBack, agreed, measured
from zargar.backups.key_spreading import spread
from zargar.backups.keys import ShopKey
from zargar.backups.vaults.s3 import S3Vault
from zargar.backups.vaults.s3_calls import Patience

ATTEMPTS = 2
PATIENCE = Patience(connect=5, read=20, attempts=ATTEMPTS, pause=lambda _: None)
HOLDERS = keys.Keyholders(age.generate().recipient, age.generate().recipient)


@pytest.fixture(scope="module")
def front() -> Iterator[s3.Front]:
    with s3.moto_server() as moto, s3.store(moto, versions=True, conditions=False) as running:
        yield running


@pytest.fixture
def vault(front: s3.Front) -> S3Vault:
    front.asked.clear()
    return S3Vault(s3.bucket(front, versioned=True), name="b2", patience=PATIENCE)


def measures(several: Collection[ShopKey]) -> dict[str, Measure]:
    return {key.object: key.measure for key in several if key.measure}


def test_a_new_key_costs_a_store_that_is_away_its_attempts_once(
    front: s3.Front, vault: S3Vault, tmp_path: Path
) -> None:
    away = s3.Fault("PUT", "keys/", times=ATTEMPTS)
    front.faults.append(away)
    _, (here, there) = keys.create("shop", [directory(tmp_path, "here"), vault], HOLDERS)
    assert (here.error, away.times, "b2" in str(there.error)) == (None, 0, True)
    assert [asked.method for asked in front.asked if "keys/" in asked.path].count("GET") == 0


def test_a_bucket_that_was_away_while_many_keys_were_made_is_given_all_of_them(
    front: s3.Front, vault: S3Vault, tmp_path: Path
) -> None:
    here = directory(tmp_path, "here")
    several = [keys.create(f"shop_{number}", [here], HOLDERS)[0] for number in range(5 * AT_ONCE)]
    names, known = [key.object for key in several], measures(several)
    away = s3.Fault("PUT", "keys/", times=10_000)
    front.faults.append(away)
    found = spread(names, [here, vault], known=lambda _: known, destroyed=lambda _: ())
    assert (len(found.lacking["b2"]), found.nowhere) == (len(several), frozenset())
    assert 10_000 - away.times <= ATTEMPTS * AT_ONCE

    away.times = 0
    found = spread(names, [here, vault], known=lambda _: known, destroyed=lambda _: ())

    assert found.lacking == {"here": {}, "b2": {}}
    assert ReadBack(lambda _: known, lambda _: ()).wrong(vault, names) == {}
    assert agreed([here, vault], names) == (known, {})


def test_a_key_object_that_a_store_gives_back_changed_or_not_at_all_is_told(front: s3.Front, vault: S3Vault) -> None:
    sound, changed, gone = (keys.create(shop, [vault], HOLDERS)[0] for shop in ("sound", "changed", "gone"))
    for key in (changed, gone):
        vault.delete(key.object)
    vault.put(changed.object, [b"age-encryption.org/v1\n and no more"])
    known = measures([sound, changed, gone])
    wrong = ReadBack(lambda _: known, lambda _: ()).wrong(vault, known)
    assert {name: (one.what, one.gone) for name, one in wrong.items()} == {
        changed.object: ("it is not what was written", False), gone.object: ("it is gone", True),
    }  # fmt: skip
    assert ReadBack(lambda _: known, lambda _: [gone.object]).wrong(vault, [gone.object]) == {}
    assert known[sound.object] == measured(b"".join(vault.read(sound.object)))
