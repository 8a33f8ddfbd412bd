"""`zargar notify`: what a person does with messages, as he types it, on a real database."""

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
from zargar.customers import operations as customers
from zargar.customers.models import Channel, Purpose
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

ZARGAR = Path(sys.executable).with_name("zargar")


@pytest.fixture
def env(database: ScratchDatabase, broker: Broker, cache_server: str) -> dict[str, str]:
    return {**os.environ, **database.env, **broker.env, "CACHE_URL": cache_server}


@pytest.fixture
def customer(shop: Shop) -> int:
    """A customer who agreed to be sold to by text message."""
    with in_tenant(shop.pk):
        found = customers.add(full_name="مریم احمدی", mobile="+989121234567")
        customers.give_consent(
            customer_id=found.pk, channel=Channel.SMS, purpose=Purpose.PROMOTION, source="فرم کاغذی",
            now=clock.now() - timedelta(hours=1),
        )  # fmt: skip
    return found.pk


def zargar(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ZARGAR, "notify", *arguments], env=env, capture_output=True, text=True, check=False)


def test_a_preview_counts_the_parts_and_fills_in_samples_until_there_are_real_values(
    shop: Shop, env: dict[str, str]
) -> None:
    done = zargar("preview", shop.schema_name, "birthday", "--json", env=env)
    seen = json.loads(done.stdout)
    assert (seen["encoding"], seen["real"], seen["missing"], seen["complaints"]) == ("ucs2", False, [], [])
    assert seen["parts"] >= 1
    assert "لغو" in seen["text"]


@pytest.mark.parametrize(("part", "parts"), [("67", 2), ("66", 3)])
def test_a_preview_counts_as_the_shops_lines_do(shop: Shop, env: dict[str, str], part: str, parts: int) -> None:
    place = f"one=kavenegar?sender=10004346&part={part}"
    with_line = {**env, "ZARGAR_PROVIDERS": place, "ZARGAR_PROVIDER_ONE_KEY": "sandboxkey"}
    values = [
        f"--value={one}" for one in ("shop=طلا", "name=مریم", "text=" + "س" * (134 - len("مریم عزیز\n\nطلا\nلغو11")))
    ]
    seen = json.loads(zargar("preview", shop.schema_name, "promotion", *values, "--json", env=with_line).stdout)
    assert (seen["units"], seen["parts"]) == (134, parts)


def test_one_customer_is_written_to_once_under_one_name_and_the_number_is_not_shown(
    shop: Shop, customer: int, env: dict[str, str]
) -> None:
    send = ("send", shop.schema_name, "welcome", "--customer", str(customer), "--event", "first-visit", "--json")
    first, again = (json.loads(zargar(*send, env=env).stdout) for _ in range(2))
    assert (first["queued"], again["queued"], again["known"]) == (1, 0, 1)
    assert first["messages"] == again["messages"]
    listed = zargar("list", shop.schema_name, "--json", env=env)
    (message,) = json.loads(listed.stdout)["messages"]
    assert (message["state"], message["to"], message["kind"]) == ("queued", "…4567", "welcome")
    assert "9121234567" not in listed.stdout
    shown = json.loads(zargar("show", shop.schema_name, str(message["id"]), "--json", env=env).stdout)
    assert shown["tried"] == []


def test_a_message_is_taken_back_once_and_then_there_is_nothing_to_take(
    shop: Shop, customer: int, env: dict[str, str]
) -> None:
    sent = zargar("send", shop.schema_name, "welcome", "--customer", str(customer), "--json", env=env)
    (number,) = json.loads(sent.stdout)["messages"]
    back = ("cancel", shop.schema_name, str(number), "--reason", "wrong person")
    assert zargar(*back, env=env).returncode == 0
    again = zargar(*back, env=env)
    assert (again.returncode, "cannot" in again.stderr or "can be moved" in again.stderr) == (1, True)


def test_a_bulk_is_counted_then_confirmed_by_its_number(shop: Shop, customer: int, env: dict[str, str]) -> None:
    text = ("--value", "text=اجرت زنجیر نصف شد")
    prepared = zargar("bulk", "prepare", shop.schema_name, "promotion", *text, "--reason", "sale", "--json", env=env)
    bulk = json.loads(prepared.stdout)
    assert (bulk["messages"], bulk["state"], bulk["cost_rial"]) == (1, "prepared", None)
    confirm = ("bulk", "confirm", shop.schema_name, str(bulk["bulk"]), "--reason", "sale")
    wrong = zargar(*confirm, "--messages", "2", env=env)
    assert (wrong.returncode, "counted to 1 messages" in wrong.stderr) == (2, True)
    right = zargar(*confirm, "--messages", "1", "--json", env=env)
    assert json.loads(right.stdout)["state"] == "confirmed"
    assert customer
    (listed,) = json.loads(zargar("bulk", "list", shop.schema_name, "--json", env=env).stdout)
    assert listed["confirmed_by"]


def test_a_template_is_drafted_published_and_withdrawn_and_a_bad_one_is_told_where_it_is_wrong(
    shop: Shop, env: dict[str, str], tmp_path: Path
) -> None:
    text = tmp_path / "birthday.txt"
    text.write_text("{{ name }} عزیز، تولدتان مبارک. {{ shop }}\nلغو11", "utf-8")
    draft = ("templates", "draft", shop.schema_name, "birthday", str(text), "--reason", "our own words")
    kept = json.loads(zargar(*draft, "--json", env=env).stdout)["template"]
    published = zargar("templates", "publish", shop.schema_name, kept, "--reason", "it is good", env=env)
    assert published.returncode == 0, published.stderr
    seen = json.loads(zargar("preview", shop.schema_name, "birthday", "--json", env=env).stdout)
    assert seen["template"] == kept
    text.write_text("{{ settings.SECRET_KEY }}", "utf-8")
    bad = zargar(*draft, env=env)
    assert (bad.returncode, "line 1" in bad.stderr) == (2, True)
    gone = zargar("templates", "withdraw", shop.schema_name, "birthday", "--reason", "the old one", "--json", env=env)
    assert json.loads(gone.stdout)["withdrawn"] == kept


def test_the_next_ten_dates_of_a_rule_are_shown_and_a_rule_that_is_none_is_refused(env: dict[str, str]) -> None:
    shown = json.loads(zargar("calendar", "monthly 1", "--json", env=env).stdout)
    assert len(shown["dates"]) == 10
    assert all(one["jalali"].endswith("۰۱") for one in shown["dates"])
    assert zargar("calendar", "every blue moon", env=env).returncode == 2


def test_a_recurring_message_is_kept_paused_and_removed(shop: Shop, env: dict[str, str]) -> None:
    add = ("recurring", "add", shop.schema_name, "yalda", "before yalda 1", "yalda", "--reason", "as each year")
    kept = zargar(*add, "--json", env=env)
    assert json.loads(kept.stdout)["rule"] == "before yalda 1"
    for verb in ("pause", "resume", "remove"):
        done = zargar("recurring", verb, shop.schema_name, "yalda", "--reason", "trying", env=env)
        assert done.returncode == 0, done.stderr
    assert json.loads(zargar("recurring", "list", shop.schema_name, "--json", env=env).stdout) == []


def test_sending_is_paused_and_resumed_for_a_reason(env: dict[str, str]) -> None:
    assert zargar("pause", "--reason", "the provider asked us to", env=env).returncode == 0
    assert zargar("resume", "--reason", "it works again", env=env).returncode == 0
    assert zargar("pause", "--reason", " ", env=env).returncode == 2


def test_without_accounts_the_list_says_that_nothing_leaves(env: dict[str, str]) -> None:
    done = zargar("providers", "list", env=env)
    assert (done.returncode, "nothing leaves" in done.stdout) == (0, True)
    assert zargar("providers", "stop", "nobody", "--reason", "test", env=env).returncode == 3


def test_accounts_are_listed_stopped_started_and_given_shares(shop: Shop, env: dict[str, str]) -> None:
    env = {
        **env, "ZARGAR_PROVIDERS": "first=kavenegar+http://127.0.0.1:9?sender=10004346&price=1200",
        "ZARGAR_PROVIDER_FIRST_KEY": "key-of-the-first",
    }  # fmt: skip
    (account,) = json.loads(zargar("providers", "list", "--credit", "--json", env=env).stdout)
    assert (account["share"], account["credit_rial"], account["stopped"]) == (100, "unanswered", None)
    stopped = zargar("providers", "stop", "first", "--reason", "its line is down", env=env)
    assert stopped.returncode == 0, stopped.stderr
    assert zargar("providers", "stop", "first", "--reason", "its line is down", env=env).returncode == 1
    assert zargar("providers", "start", "first", "--reason", "up again", env=env).returncode == 0
    shared = zargar("providers", "share", "first", "40", "--shop", shop.schema_name, "--reason", "trying", env=env)
    assert shared.returncode == 0, shared.stderr
    (mine,) = json.loads(zargar("providers", "list", "--shop", shop.schema_name, "--json", env=env).stdout)
    assert mine["share"] == 40
    assert "key-of-the-first" not in shared.stdout + shared.stderr
