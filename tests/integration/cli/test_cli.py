"""The command as a script would use it: JSON, exit codes, no prompt; a real process on a real database."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.support.broker import Broker
from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase
from zargar.audit.models import AuditRecord
from zargar.ledger import store
from zargar.ledger.models import Run
from zargar.ledger.policy import Bury
from zargar.ledger.store import claim
from zargar.ledger.values import Failure
from zargar.schedules import store as slots

DONE, REFUSED, BAD_INPUT, NOT_FOUND, PART_AWAY = 0, 1, 2, 3, 4


class Zargar:
    """The command in a process of its own, with no terminal."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env

    def run(self, *arguments: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "zargar.cli", *arguments], env=self.env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def json(self, *arguments: str) -> Any:  # noqa: ANN401 -- JSON
        code, out, err = self.run(*arguments, "--json")
        assert code == DONE, err
        return json.loads(out)


@pytest.fixture
def zargar(database: ScratchDatabase, broker: Broker, cache_server: str) -> Zargar:
    return Zargar({**database.env, **broker.env, "CACHE_URL": cache_server})


def test_a_shop_lives_from_create_to_delete_and_each_step_is_audited(zargar: Zargar) -> None:
    why = ("--reason", "a test of its life")
    made = zargar.json("shops", "create", "negin", "--name", "طلای نگین", "--domain", "negin.example", *why)
    assert (made["shop"], made["state"], made["domains"]) == ("negin", "active", ["negin.example"])

    assert zargar.json("shops", "suspend", "negin", *why)["state"] == "suspended"
    assert zargar.json("shops", "resume", "negin", *why)["state"] == "active"
    assert zargar.json("shops", "rename", "negin", "negin2", *why)["shop"] == "negin2"
    assert zargar.json("shops", "migrate", "negin2", *why)[0]["state"] == "active"
    assert {shop["shop"] for shop in zargar.json("shops", "list")} == {TEMPLATE_SHOP, "negin2"}

    assert zargar.run("shops", "delete", "negin2", *why, "--confirm", "negin")[0] == BAD_INPUT
    assert zargar.run("shops", "delete", "negin2", *why, "--confirm", "negin2")[0] == REFUSED
    zargar.json("shops", "suspend", "negin2", *why)
    zargar.json("shops", "delete", "negin2", *why, "--confirm", "negin2")
    assert {shop["shop"] for shop in zargar.json("shops", "list")} == {TEMPLATE_SHOP}
    assert list(AuditRecord.objects.order_by("id").values_list("action", flat=True)) == [
        "shop.create", "shop.suspend", "shop.resume", "shop.rename", "shop.migrate", "shop.migrated", "shop.suspend",
        "shop.delete",
    ]  # fmt: skip


def test_a_schema_that_is_there_already_is_neither_filled_nor_dropped(
    zargar: Zargar, database: ScratchDatabase
) -> None:
    with database.owner() as owner:
        owner.execute("CREATE SCHEMA kept_for_undo")
        owner.execute("CREATE TABLE kept_for_undo.precious AS SELECT 1 AS gram")

    why = ("--name", "n", "--domain", "kept.example", "--reason", "x")
    code, _, err = zargar.run("shops", "create", "kept_for_undo", *why)

    assert (code, "has a schema" in err) == (BAD_INPUT, True)
    with database.owner() as owner:
        assert owner.execute("SELECT gram FROM kept_for_undo.precious").fetchone() == (1,)
    assert {shop["shop"] for shop in zargar.json("shops", "list")} == {TEMPLATE_SHOP}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("shops", "suspend", "nobody", "--reason", "x"), NOT_FOUND, "zargar shops list"),
        (
            ("shops", "create", "Bad-Name", "--name", "n", "--domain", "d", "--reason", "x"),
            BAD_INPUT,
            "cannot name a shop",
        ),
        (("shops", "resume", TEMPLATE_SHOP, "--reason", "x"), REFUSED, "is active"),
        (("shops", "suspend", TEMPLATE_SHOP), BAD_INPUT, "--reason"),
        (("shops", "suspend", TEMPLATE_SHOP, "--reason", " "), BAD_INPUT, "needs a reason"),
        (("schedule", "pause", "update-gold-price", "--reason", "x"), NOT_FOUND, "update-gold-prices"),
        (("schedule", "resume", "update-gold-prices", "--reason", "x"), REFUSED, "is not paused"),
        (("runs", "show", "0d5e6f4e-0000-4000-8000-00000000abcd"), NOT_FOUND, "zargar runs list"),
        (("runs", "show", "17"), BAD_INPUT, "valid UUID"),
        (("runs", "list", "--state", "lost"), BAD_INPUT, "superseded"),
        (("prices", "parse", "nobody", "/dev/null"), BAD_INPUT, "wallgold"),
        (("keys", "generate", "/no-such-folder/k"), BAD_INPUT, "/no-such-folder/k cannot be written: No such file"),
        (("keys", "generate", "/dev/null/k"), BAD_INPUT, "/dev/null/k cannot be written: Not a directory"),
        (("keys", "generate", "/dev/null"), REFUSED, "/dev/null is there already"),
    ],
)
def test_what_is_wrong_is_named_in_one_line_with_its_exit_code(
    zargar: Zargar, arguments: tuple[str, ...], code: int, says: str
) -> None:
    got, out, err = zargar.run(*arguments)
    assert (got, out) == (code, ""), err
    assert says in err
    assert "Traceback" not in err


def test_the_schedule_is_listed_paused_run_and_resumed(zargar: Zargar) -> None:
    listed = {line["entry"]: line for line in zargar.json("schedule", "list")}
    assert len(listed) == 18
    assert listed["update-gold-prices"]["live"] is True

    zargar.json("schedule", "pause", "update-gold-prices", "--reason", "boards under repair")
    [paused] = [line for line in zargar.json("schedule", "list") if line["paused_at"]]
    assert (paused["entry"], paused["paused_because"]) == ("update-gold-prices", "boards under repair")
    zargar.json("schedule", "resume", "update-gold-prices", "--reason", "repaired")

    run = zargar.json("schedule", "run", "update-gold-prices", "--reason", "after the repair")["run"]
    assert zargar.json("runs", "show", run)["state"] == "due"
    assert zargar.json("schedule", "missed") == []


def test_a_dead_letter_is_found_shown_and_given_another_chance(zargar: Zargar) -> None:
    run = zargar.json("schedule", "run", "update-gold-prices", "--reason", "to fail")["run"]
    held = claim(Run.objects.get().id, worker="w", lease=slots.AT_ONCE)
    assert held is not None
    store.fail(held, failure=Failure(kind="Permanent", message="no"), verdict=Bury(), counts=True, at=store.now())

    [dead] = zargar.json("runs", "list", "--state", "dead", "--task", "update_gold_prices")
    assert dead["run"] == run
    assert zargar.json("runs", "retry", run, "--reason", "mended")["state"] == "due"
    assert zargar.run("runs", "retry", run, "--reason", "again")[0] == REFUSED


def test_the_tasks_of_the_contract_are_listed_and_all_are_built(zargar: Zargar) -> None:
    tasks = {line["task"]: line["registered"] for line in zargar.json("tasks", "list")}
    assert len(tasks) == 29
    assert tasks["zargar.core.gold_price_tasks.update_gold_prices"] is True
    assert all(tasks.values())


def test_status_says_what_needs_a_person(zargar: Zargar) -> None:
    code, out, _ = zargar.run("status", "--json")
    facts = json.loads(out)
    assert (code, facts["price"], facts["broker"]) == (PART_AWAY, "none", "ok")
    assert {"no_beat", "queue_unserved", "price_none"} <= {finding["code"] for finding in facts["findings"]}
    assert any("no price" in need for need in facts["needs"])


def test_a_database_that_is_away_is_said_and_has_its_own_exit_code(zargar: Zargar) -> None:
    lonely = Zargar({**zargar.env, "DATABASE_URL": "postgresql://zargar_app:s3cr3t@127.0.0.1:1/nowhere"})
    code, _, err = lonely.run("runs", "list")
    assert code == PART_AWAY
    assert "does not answer" in err
    assert "s3cr3t" not in err


def test_help_names_every_noun(zargar: Zargar) -> None:
    _, out, _ = zargar.run("--help")
    assert all(
        noun in out for noun in ("demo", "up", "status", "prices", "schedule", "runs", "tasks", "shops", "database")
    )


def test_status_is_told_to_people_in_plain_lines(zargar: Zargar) -> None:
    code, out, _ = zargar.run("status")
    assert code == PART_AWAY
    assert out.splitlines()[0] == "away"
    assert "- no beat runs: nothing is scheduled, retried or rung again" in out.splitlines()
    assert "    prices: grade idle, successful 0, failed 0" in out.splitlines()
    assert not [sign for sign in "{}<>" if sign in out]
