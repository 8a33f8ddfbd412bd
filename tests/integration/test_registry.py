"""What a fresh process registers, schedules and routes: the contract's names and nothing that only looks like them."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import zargar
from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase
from zargar import names

ASK = """
import json
from zargar.celery import app
print(json.dumps({
    "tasks": sorted(name for name in app.tasks if not name.startswith("celery.")),
    "entries": {name: entry["task"] for name, entry in app.conf.beat_schedule.items()},
    "expires": {name: entry["options"]["expires"] for name, entry in app.conf.beat_schedule.items()},
    "conf": {name: app.conf[name] for name in (
        "task_time_limit", "task_soft_time_limit", "worker_prefetch_multiplier", "worker_max_tasks_per_child",
        "timezone", "enable_utc", "task_serializer", "result_serializer", "accept_content", "task_acks_late",
        "task_reject_on_worker_lost", "task_retry_on_worker_lost", "broker_connection_max_retries", "result_expires",
    )} | {"visibility_timeout": app.conf.broker_transport_options["visibility_timeout"]},
}))
"""


def asked(env: dict[str, str], folder: Path) -> dict[str, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=env, cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    answer: dict[str, dict[str, object]] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """A process with no environment at all, in an empty folder."""
    return asked({}, tmp_path_factory.mktemp("empty"))


def test_the_app_loads_with_no_environment_and_registers_only_names_of_the_contract(
    bare: dict[str, dict[str, object]],
) -> None:
    assert set(bare["tasks"]) <= names.CONTRACT
    assert names.UPDATE_GOLD_PRICES in bare["tasks"]


def test_the_beat_schedule_shows_the_live_entries_and_each_expires_before_it_would_pile_up(
    bare: dict[str, dict[str, object]],
) -> None:
    assert bare["entries"]["update-gold-prices"] == names.UPDATE_GOLD_PRICES
    assert set(bare["entries"].values()) <= set(bare["tasks"])
    assert bare["expires"]["update-gold-prices"] == 450


def test_the_settings_are_the_mission_s(bare: dict[str, dict[str, object]]) -> None:
    assert bare["conf"] == {
        "task_time_limit": 1800, "task_soft_time_limit": 1500, "worker_prefetch_multiplier": 1,
        "worker_max_tasks_per_child": 1000, "timezone": "Asia/Tehran", "enable_utc": True, "task_serializer": "json",
        "result_serializer": "json", "accept_content": ["json"], "task_acks_late": True,
        "task_reject_on_worker_lost": True, "task_retry_on_worker_lost": False, "broker_connection_max_retries": None,
        "result_expires": 86400, "visibility_timeout": 7200,
    }  # fmt: skip


def refused(env: dict[str, str], folder: Path) -> str:
    """Load the app with this environment alone, and return what it said when it refused."""
    done = subprocess.run(
        [sys.executable, "-c", "from zargar.celery import app"],
        env=env, cwd=folder, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    return done.stderr


def test_production_refuses_to_start_without_its_secret(tmp_path: Path) -> None:
    assert "SECRET_KEY" in refused({"DJANGO_SETTINGS_MODULE": "zargar.settings.production"}, tmp_path)


def test_a_fast_beat_on_the_real_boards_is_refused(tmp_path: Path) -> None:
    assert "for the sandbox only" in refused({"ZARGAR_PRICES_EVERY_SECONDS": "5"}, tmp_path)


def test_inspect_registered_answers_from_a_running_worker(
    tmp_path: Path, database: ScratchDatabase, broker: Broker
) -> None:
    from tests.support.processes import Process, running  # noqa: PLC0415 -- only this test starts one

    env = {**database.env, **broker.env}
    process = Process("worker", ("worker", "-l", "info", "-c", "1"), env, tmp_path / "log", app="zargar")
    with running(process):
        process.ready()
        said = subprocess.run(
            [sys.executable, "-m", "celery", "-A", "zargar", "inspect", "registered", "--timeout", "10"],
            env={**env}, capture_output=True, text=True, check=True, timeout=60,
        ).stdout  # fmt: skip
    assert names.UPDATE_GOLD_PRICES in said


@pytest.mark.parametrize(
    "module", sorted((Path(zargar.__file__).parent / "core").glob("*_tasks.py")), ids=lambda p: p.stem
)
def test_a_task_is_one_call_of_at_most_twelve_lines(module: Path) -> None:
    for function in [node for node in ast.parse(module.read_text()).body if isinstance(node, ast.FunctionDef)]:
        assert (function.end_lineno or 0) - function.lineno < 12, function.name
        assert function.args.kwarg is not None, f"{function.name} takes no **_: a rolling deploy would break it"
        assert len([statement for statement in function.body if not isinstance(statement, ast.Expr)]) == 1
