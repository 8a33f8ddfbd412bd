"""`zargar database prepare`: what it refuses, and that a refusal never repeats a password."""

import os
import subprocess
import sys

import pytest

NOWHERE = "127.0.0.1:1"
ADMIN = f"postgresql://postgres:hunter2@{NOWHERE}/postgres"
OWNER = f"postgresql://zargar_owner:hunter2@{NOWHERE}/zargar"
APP = f"postgresql://zargar_app:hunter2@{NOWHERE}/zargar"


def prepare(*, admin: str, owner: str, app: str) -> subprocess.CompletedProcess[str]:
    urls = {"DATABASE_ADMIN_URL": admin, "DATABASE_OWNER_URL": owner, "DATABASE_URL": app}
    return subprocess.run(
        [sys.executable, "-m", "zargar.cli", "database", "prepare"],
        env={**os.environ, **urls}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("owner", "app", "says"),
    [
        (APP, APP, "DATABASE_OWNER_URL must be postgresql://zargar_owner:PASSWORD"),
        (OWNER, OWNER, "DATABASE_URL must be postgresql://zargar_app:PASSWORD"),
        (OWNER, APP.replace(":hunter2", ""), "DATABASE_URL must be"),
        (OWNER, f"{APP}2", "one and the same database"),
        (OWNER.removesuffix("/zargar"), APP.removesuffix("/zargar"), "one and the same database"),
    ],
)
def test_urls_that_do_not_name_the_roles_and_one_database_are_refused(owner: str, app: str, says: str) -> None:
    done = prepare(admin=ADMIN, owner=owner, app=app)
    assert done.returncode == 2
    assert says in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_a_server_that_is_away_is_a_part_away() -> None:
    done = prepare(admin=ADMIN, owner=OWNER, app=APP)
    assert done.returncode == 4
    assert done.stderr.startswith("zargar: the database does not answer")
    assert "hunter2" not in done.stdout + done.stderr
