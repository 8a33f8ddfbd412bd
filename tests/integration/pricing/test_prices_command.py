"""`zargar prices` as it is run: exit codes, JSON with stable names, and no database where none is needed."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.boards import BoardServer, healthy
from tests.support.databases import ScratchDatabase

ZARGAR = Path(sys.executable).with_name("zargar")
TALASEA = '{"price": "18530", "disableBuy": false, "disableSell": false}'


@pytest.fixture(scope="module")
def running() -> Iterator[BoardServer]:
    """One sandbox for this file."""
    with BoardServer() as server:
        yield server


@pytest.fixture
def env(running: BoardServer, database: ScratchDatabase, cache_server: str) -> Iterator[dict[str, str]]:
    """The environment of a command beside the sandbox."""
    with healthy(running) as server:
        yield {
            **os.environ, **database.env, "CACHE_URL": cache_server, "ZARGAR_SANDBOX_URL": server.url,
            "ZARGAR_PRICES_SOURCES": "wallgold,tgju,talasea,milli,tlyn,bonbast",
        }  # fmt: skip


def zargar(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ZARGAR, "prices", *arguments], env=env or dict(os.environ), capture_output=True, text=True, check=False
    )


def said(done: subprocess.CompletedProcess[str]) -> Any:  # noqa: ANN401 -- JSON
    return json.loads(done.stdout)


def test_the_newest_tick_is_shown_as_a_trader_looks_at_it(env: dict[str, str]) -> None:
    assert zargar("market", env=env).returncode == 1
    price = said(zargar("update", "--json", env=env))["price"]
    done = zargar("market", "--json", env=env)
    assert done.returncode == 0, done.stderr
    market = said(done)
    assert (market["state"], market["price"]) == ("accepted", price)
    assert Decimal(market["mesghal"]) == Decimal(price) * Decimal("4.3318")
    assert {venue["source"] for venue in market["venues"]} >= {"wallgold", "tgju", "tlyn"}
    tlyn = next(venue for venue in market["venues"] if venue["source"] == "tlyn")
    assert Decimal(tlyn["spread_per_mille"]) > 0
    assert Decimal(market["between_venues_per_mille"]) < 10
    assert "mesghal: " in zargar("market", env=env).stdout


def test_another_convention_shows_other_karats_of_the_same_cached_price_at_once(env: dict[str, str]) -> None:
    shown = said(zargar("update", "--json", env=env))
    of_995 = said(zargar("show", "--json", env={**env, "ZARGAR_FINENESS_24K": "995", "ZARGAR_FINENESS_18K": "740"}))
    assert of_995["price"] == shown["price"]
    assert of_995["karats"]["22"] == shown["karats"]["22"]
    assert Decimal(of_995["karats"]["24"]) == round(Decimal(shown["price"]) * 995 / 750)
    assert Decimal(of_995["karats"]["18"]) == round(Decimal(shown["price"]) * 740 / 750)


def test_before_any_price_there_is_none_to_show(env: dict[str, str]) -> None:
    done = zargar("show", "--json", env=env)
    assert done.returncode == 1
    assert (said(done)["state"], said(done)["price"], said(done)["karats"]) == ("none", None, {})


def test_an_update_asks_the_boards_and_shows_what_shops_are_answered(env: dict[str, str]) -> None:
    updated, shown = zargar("update", "--json", env=env), zargar("show", "--json", env=env)
    assert (updated.returncode, shown.returncode) == (0, 0), updated.stderr
    assert said(updated)["state"] == said(shown)["state"] == "live"
    assert said(updated)["karats"] == said(shown)["karats"]
    assert len(said(shown)["karats"]) == 5


def test_an_update_that_ends_in_a_fallback_says_so_and_why(env: dict[str, str], running: BoardServer) -> None:
    assert zargar("update", env=env).returncode == 0
    for board in ("wallgold", "tgju", "talasea", "milli", "tlyn"):
        running.misbehave(board, "error500")
    done = zargar("update", env=env)
    assert done.returncode == 0
    assert done.stdout.startswith("fallback: ")
    assert "http_status" in done.stdout


def test_an_override_is_a_price_with_an_end_and_a_reason(env: dict[str, str]) -> None:
    done = zargar("override", "18,600,000", "--reason", "all boards are down", "--until", "90m", "--json", env=env)
    assert done.returncode == 0, done.stderr
    assert said(done)["cache"] == "replaced"
    shown = said(zargar("show", "--json", env=env))
    assert (shown["state"], shown["price"], shown["fallback"]) == ("operator", "18600000", True)


@pytest.mark.parametrize(
    ("value", "until"),
    [("0", "1h"), ("NaN", "1h"), ("18600000", "soon"), ("18600000", "2020-01-01"), ("18600000", "0m")],
)
def test_an_override_that_makes_no_sense_is_bad_input(value: str, until: str, env: dict[str, str]) -> None:
    assert zargar("override", value, "--reason", "because", "--until", until, env=env).returncode == 2


def test_without_a_database_the_price_cannot_be_shown() -> None:
    assert zargar("show").returncode == 4


def test_a_saved_answer_is_parsed_without_a_database(tmp_path: Path) -> None:
    file = tmp_path / "talasea.json"
    file.write_text(TALASEA)
    done = zargar("parse", "talasea", str(file))
    assert done.returncode == 0
    price = "18530000"
    assert said(done) == {
        "source": "talasea",
        "quotes": [
            {
                "instrument": "gold_750", "bid": price, "ask": price, "toman_per_gram_18k": price, "source_time": None,
            }
        ],
        "rejected": [],
    }  # fmt: skip
    file.write_text("<html>")
    assert said(zargar("parse", "talasea", str(file)))["rejected"] == [{"field": "", "reason": "not_json"}]


def test_what_cannot_be_parsed_is_bad_input(tmp_path: Path) -> None:
    unknown, unreadable = zargar("parse", "nobody", str(tmp_path)), zargar("parse", "tgju", str(tmp_path / "none"))
    assert (unknown.returncode, unreadable.returncode) == (2, 2)
    assert "one of wallgold, tgju" in unknown.stderr


def test_the_sources_are_listed_with_their_units_and_terms() -> None:
    listed = {one["source"]: one for one in said(zargar("sources", "--json"))}
    assert [name for name, one in listed.items() if one["family"] == "world"] == ["goldapi", "goldprice"]
    assert (listed["tgju"]["unit"], listed["tgju"]["terms"]) == ("Rial", "consent_needed")
    assert len(listed) == 16 + 2
    assert (listed["tgju"]["asked"], listed["wallgold"]["asked"]) == (False, True)
    assert re.search(
        r"^goldika .* no: its owner does not want it \(restricted\)$", zargar("sources").stdout, re.MULTILINE
    )


def test_a_deployment_chooses_its_boards_by_name() -> None:
    env = {**os.environ, "ZARGAR_PRICES_SOURCES": "tgju, brsapi", "ZARGAR_BRSAPI_KEY": "never-shown"}
    done = zargar("sources", "--json", env=env)
    asked = {one["source"] for one in said(done) if one["asked"]}
    assert asked == {"tgju", "brsapi", "goldapi", "goldprice"}
    assert "never-shown" not in done.stdout + done.stderr
    unknown = zargar("sources", env={**os.environ, "ZARGAR_PRICES_SOURCES": "tgju,goldica"})
    assert (unknown.returncode, "no source 'goldica'" in unknown.stderr) == (2, True)
    keyless = zargar("sources", env={**os.environ, "ZARGAR_PRICES_SOURCES": "navasan"})
    assert (keyless.returncode, "set ZARGAR_NAVASAN_KEY" in keyless.stderr) == (2, True)


TICK = '{"now": "2026-11-22T09:30:00+03:30", "quotes": [%s]}'
QUOTE = '{"source": "%s", "toman_per_gram_18k": 18500000, "source_time": null, "changed_at": null}'


def test_a_recording_is_judged_line_by_line_without_a_database(tmp_path: Path) -> None:
    file = tmp_path / "ticks.jsonl"
    tick = TICK % ",".join(QUOTE % source for source in ("wallgold", "daric"))
    file.write_text(f"{tick}\n\n{tick}\n")
    done = zargar("replay", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["state"], first["toman_per_gram_18k"], first["sources_used"]) == (
        "accepted", "18500000", ["daric", "wallgold"],
    )  # fmt: skip
    assert (first["now"], second["reason"]) == ("2026-11-22T06:00:00+00:00", "agreed: 2 families agree")
    assert zargar("replay", str(file)).stdout == done.stdout


def test_a_bad_line_ends_a_replay_with_its_number_and_field(tmp_path: Path) -> None:
    file = tmp_path / "ticks.jsonl"
    good = TICK % (QUOTE % "wallgold")
    file.write_text("\n".join([good, good, TICK % (QUOTE % "walgold"), good]))
    done = zargar("replay", str(file))
    assert done.returncode == 2
    assert len(done.stdout.splitlines()) == 2
    assert "line 3: quotes[0].source: 'walgold' is none of wallgold" in done.stderr
    file.write_bytes(b"\xff\xfe")
    assert (zargar("replay", str(file)).returncode, zargar("replay", str(tmp_path)).returncode) == (2, 2)


def test_the_routes_of_boards_may_lie_in_a_file_and_a_bad_one_is_refused_without_its_password(
    env: dict[str, str], tmp_path: Path
) -> None:
    routes = tmp_path / "routes"
    given = {**env, "ZARGAR_PRICES_PROXIES_FILE": str(routes)}
    routes.write_text("daric=http://sara:s3cret@127.0.0.1:3128\n")
    listed = zargar("sources", "--json", env=given)
    assert listed.returncode == 0, listed.stderr
    assert [one["source"] for one in said(listed) if one["family"] == "world"] == ["goldapi", "goldprice"]
    routes.write_text("daric=http://sara:s3cret@127.0.0.1:3128/path\n")
    refused = zargar("sources", "--json", env=given)
    assert refused.returncode == 2
    assert "the route of 'daric'" in refused.stderr
    assert "s3cret" not in listed.stdout + listed.stderr + refused.stdout + refused.stderr


def test_a_saved_answer_of_a_feed_of_the_world_is_read_too(tmp_path: Path) -> None:
    saved = tmp_path / "answer.json"
    saved.write_text('{"name": "Gold", "price": 4258.9, "symbol": "XAU", "updatedAt": "2026-11-22T11:59:00Z"}')
    done = zargar("parse", "goldapi", str(saved))
    assert (done.returncode, said(done)["rejected"]) == (0, [])
    [quote] = said(done)["quotes"]
    assert (quote["instrument"], quote["bid"], quote["toman_per_gram_18k"]) == ("ounce", "4258.9", None)
