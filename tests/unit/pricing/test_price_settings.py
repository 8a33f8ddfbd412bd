"""The limits of the judgement as settings: the defaults are those of `Rules`; what contradicts is refused by name."""

import json
import os
import subprocess
import sys

import pytest

from zargar.pricing.karats import FINENESSES_OF_18, FINENESSES_OF_24, STANDARD, Fineness
from zargar.pricing.rules import Rules

ASK = """
import django, json
django.setup()
from zargar.pricing.wiring import fineness, rules
print(json.dumps({name: str(value) for name, value in {**vars(rules()), **vars(fineness())}.items()}))
"""


def asked(**settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ASK], env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )


def limits(**settings: str) -> dict[str, str]:
    done = asked(**settings)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def as_text(*parts: Rules | Fineness) -> dict[str, str]:
    return {name: str(value) for part in parts for name, value in vars(part).items()}


def test_unset_every_limit_is_the_default_of_the_rules() -> None:
    found = limits()
    by_value = {name: value for name, value in as_text(Rules(), STANDARD).items() if name in found}
    assert {name: float(v) if v.replace(".", "").isdigit() else v for name, v in found.items()} == {
        name: float(v) if v.replace(".", "").isdigit() else v for name, v in by_value.items()
    }


@pytest.mark.parametrize(
    ("name", "value", "limit", "shown"),
    [
        ("ZARGAR_PRICES_QUORUM", "3", "quorum", "3"),
        ("ZARGAR_PRICES_AGREEMENT_PER_MILLE", "7.5", "agreement", "0.0075"),
        ("ZARGAR_PRICES_UNIT_ALARM_PER_MILLE", "50", "unit_alarm", "0.05"),
        ("ZARGAR_PRICES_NORMAL_JUMP_PER_MILLE", "15", "normal_jump", "0.015"),
        ("ZARGAR_PRICES_WIDE_JUMP_PER_MILLE", "120", "wide_jump", "0.12"),
        ("ZARGAR_PRICES_WIDE_FAMILIES", "4", "wide_families", "4"),
        ("ZARGAR_PRICES_SOURCE_AGE_MINUTES", "60", "source_age", "1:00:00"),
        ("ZARGAR_PRICES_QUIET_SOURCE_AGE_MINUTES", "360", "quiet_source_age", "6:00:00"),
        ("ZARGAR_PRICES_FLAT_MINUTES", "45", "flat_for", "0:45:00"),
        ("ZARGAR_FINENESS_18K", "740", "of_18", "740"),
        ("ZARGAR_FINENESS_24K", "999.9", "of_24", "999.9"),
    ],
)
def test_each_setting_reaches_the_rules(name: str, value: str, limit: str, shown: str) -> None:
    assert limits(**{name: value})[limit] == shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ZARGAR_PRICES_AGREEMENT_PER_MILLE", "0"),
        ("ZARGAR_PRICES_AGREEMENT_PER_MILLE", "31"),
        ("ZARGAR_PRICES_UNIT_ALARM_PER_MILLE", "9"),
        ("ZARGAR_PRICES_NORMAL_JUMP_PER_MILLE", "200"),
        ("ZARGAR_PRICES_WIDE_JUMP_PER_MILLE", "10"),
        ("ZARGAR_PRICES_WIDE_FAMILIES", "1"),
        ("ZARGAR_PRICES_SOURCE_AGE_MINUTES", "0"),
        ("ZARGAR_PRICES_QUIET_SOURCE_AGE_MINUTES", "60"),
        ("ZARGAR_PRICES_FLAT_MINUTES", "5000"),
        ("ZARGAR_FINENESS_18K", "0.75"),
        ("ZARGAR_FINENESS_24K", "999"),
        ("ZARGAR_FINENESS_24K", "NaN"),
    ],
)
def test_a_limit_that_makes_no_sense_stops_the_start_and_is_named(name: str, value: str) -> None:
    done = asked(**{name: value})
    assert done.returncode != 0
    assert name in done.stderr


def test_what_may_be_named_is_what_the_trade_means() -> None:
    for of_18 in FINENESSES_OF_18:
        for of_24 in FINENESSES_OF_24:
            found = limits(ZARGAR_FINENESS_18K=str(of_18), ZARGAR_FINENESS_24K=str(of_24))
            assert (found["of_18"], found["of_24"]) == (str(of_18), str(of_24))
