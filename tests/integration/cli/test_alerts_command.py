"""`zargar prices alerts` and what `zargar status` says of alerts and of letters that could not leave."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase
from zargar import clock
from zargar.pricing import alerts
from zargar.pricing.alarms import Runs, Thresholds
from zargar.pricing.alerts import Schedule

ZARGAR = Path(sys.executable).with_name("zargar")


@pytest.fixture
def env(database: ScratchDatabase, broker: Broker, cache_server: str) -> dict[str, str]:
    return {**os.environ, **database.env, **broker.env, "CACHE_URL": cache_server}


def zargar(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ZARGAR, *arguments], env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def failing(database: ScratchDatabase) -> None:
    """Ten minutes ago too many updates had failed, and there was no mail to tell it by."""
    schedule = Schedule(due=False, next_slot=lambda after: after + timedelta(minutes=5), grace=timedelta(minutes=2))
    rung = alerts.look(
        runs=Runs(successful=3, failed=9), quorum=2, schedule=schedule, limits=Thresholds(), can_send=False,
        now=clock.now() - timedelta(minutes=10),
    )  # fmt: skip
    assert rung == []


def test_before_any_alert_the_list_is_empty_and_says_that_nobody_would_be_told(env: dict[str, str]) -> None:
    done = zargar("prices", "alerts", env=env)
    assert done.returncode == 0, done.stderr
    assert "no alert was ever opened" in done.stdout
    assert "no mail is configured" in done.stdout


@pytest.mark.usefixtures("failing")
def test_an_open_alert_is_listed_with_its_figures_for_people_and_programs(env: dict[str, str]) -> None:
    told, shown = zargar("prices", "alerts", "--json", env=env), zargar("prices", "alerts", env=env)
    (alert,) = json.loads(told.stdout)
    assert (alert["kind"], alert["severity"], alert["open"]) == ("failure_rate", "warning", True)
    assert alert["figures"] == {"successful": 3, "failed": 9, "success_rate": "25.0"}
    assert (alert["notices"], alert["notices_unsent"], alert["closed_at"]) == (1, 1, None)
    assert "success_rate 25.0" in shown.stdout


@pytest.mark.usefixtures("failing")
def test_the_status_counts_the_letters_that_wait_and_says_why(env: dict[str, str]) -> None:
    facts = json.loads(zargar("status", "--json", env=env).stdout)
    assert list(facts["alerts"]) == ["failure_rate"]
    assert (facts["notices_unsent"], facts["mail"]) == (1, "not configured")
    (words,) = [one["words"] for one in facts["findings"] if one["code"] == "notices_unsent"]
    assert words.startswith("1 notice(s) of alerts wait to be sent: no mail is configured")


def test_a_mail_setting_that_is_none_is_named_and_never_repeated(env: dict[str, str]) -> None:
    bad = {**env, "ZARGAR_MAIL_URL": "imap://house:s3cret-word@mail.shop.example"}
    done = zargar("prices", "alerts", env=bad)
    assert done.returncode != 0
    assert "ZARGAR_MAIL_URL" in done.stderr
    assert "s3cret-word" not in done.stderr + done.stdout


def test_the_mail_s_address_may_lie_in_a_file(env: dict[str, str], tmp_path: Path) -> None:
    secret = tmp_path / "mail_url"
    secret.write_text("smtps://house:s3cret-word@mail.shop.example\n")
    mailed = {
        **env, "ZARGAR_MAIL_URL_FILE": str(secret), "ZARGAR_MAIL_FROM": "zargar@shop.example",
        "ZARGAR_OPERATORS_MAIL": "operator@shop.example",
    }  # fmt: skip
    assert json.loads(zargar("status", "--json", env=mailed).stdout)["mail"] == "configured"
