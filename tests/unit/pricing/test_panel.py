"""The score on a recorded market: a small market of its own, on which the judge must pass and a worse one must not."""

import json
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bench import panel
from zargar.clock import TEHRAN
from zargar.pricing.quotes import Toman
from zargar.pricing.readings import Accepted

FIRST = datetime(2026, 11, 20, 20, 0, tzinfo=TEHRAN)  # a Friday


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Three days, a value every 25 minutes that goes up and down by 3 %, and a re-level of -20 % on the last noon."""
    rows = ["fetched_epoch,ayar18_toman,usd_toman", "1754320495,7566600,93050"]
    for number in range(160):
        at = FIRST + number * timedelta(minutes=25)
        level = 18_500_000 if at < datetime(2026, 11, 22, 12, 0, tzinfo=TEHRAN) else 14_800_000
        rows.append(f"{int(at.timestamp())},{round(level * (1 + 0.03 * math.sin(number / 9)))},187000")
    file = tmp_path / "history.csv"
    file.write_text("\n".join(rows))
    return file


def scored(history: Path, capsys: pytest.CaptureFixture[str], *faults: str) -> dict[str, Any]:
    panel.main(["--history", str(history), "--faults", *faults])
    return {line["bench"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}


def test_no_price_is_wrong_and_the_targets_are_met_with_one_family_at_fault(
    history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = scored(history, capsys, "frozen", "times_ten")
    total = found["panel"]
    assert (total["wrong"], total["frozen_unnamed"], total["met"]) == (0, 0, True)
    assert found["panel.healthy"]["relevels"] == 1
    assert found["panel.frozen"]["frozen_days"] > 8


def test_the_same_seed_gives_the_same_score(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    once, again = (scored(history, capsys, "silent") for _ in range(2))
    for one in (once, again):
        del one["panel.healthy"]["us_per_tick"]
    assert once == again


def test_a_price_that_no_recent_truth_allows_is_counted_as_wrong() -> None:
    truth = panel.Truth([(0, Decimal(100)), (1000, Decimal(103))])
    assert [truth.at(moment) for moment in (-5, 999, 1000)] == [100, 100, 103]
    score, now = panel.Score(), datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    for recent in (truth.within(500, 1500), truth.within(1100, 1500)):
        moment = panel.Moment(
            now, Decimal(103), tuple(recent), open=True, since_fault=timedelta(), readings=(), values=()
        )
        panel.count(score, moment, Accepted(Toman(Decimal(100)), (), (), "said"))
    assert (score.behind, score.wrong, score.share) == (2, 1, 100)
