"""What the image and the compose file promise, read from them: they are linted, and the house's rules hold."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.containers import DOCKERFILE, ROOT, SECRETS_MOUNT, compose, image_environment, seconds
from zargar.celery import app
from zargar.names import Queue

SCHEMA = Path(__file__).with_name("compose-spec.json")
HADOLINT = Path(sys.executable).with_name("hadolint")
OURS = ("celery", "celery-backups", "celery-realtime", "celery-drills", "celery-beat", "web", "migrate", "prepare")
ONE_SHOTS = {"migrate", "prepare"}
SERVERS = ("postgres", "postgres-drills", "valkey")
WORKERS = ("celery", "celery-backups", "celery-realtime", "celery-drills")


@pytest.fixture(scope="module")
def file() -> dict[str, Any]:
    return compose()


def services(file: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = file["services"]
    return found


def schema_errors(file: dict[str, Any]) -> list[str]:
    found = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).iter_errors(file)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in found]


def lint(dockerfile: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "Dockerfile"
    path.write_text(dockerfile)
    return subprocess.run([HADOLINT, "--no-color", path], capture_output=True, text=True, check=False)


def queues(service: dict[str, Any]) -> set[str]:
    [named] = [word.removeprefix("--queues=") for word in service["command"] if word.startswith("--queues=")]
    return set(named.split(","))


def test_the_compose_file_keeps_to_the_compose_specification(file: dict[str, Any]) -> None:
    assert schema_errors(file) == []


def test_a_misspelt_line_of_the_compose_file_is_found(file: dict[str, Any]) -> None:
    services(file)["web"]["stop_grace_periode"] = "30s"
    try:
        assert any("stop_grace_periode" in error for error in schema_errors(file))
    finally:
        del services(file)["web"]["stop_grace_periode"]


def test_the_dockerfile_is_clean_and_its_linter_sees_what_is_not(tmp_path: Path) -> None:
    clean = lint(DOCKERFILE.read_text(), tmp_path)
    assert (clean.returncode, clean.stdout) == (0, "")
    dirty = lint(DOCKERFILE.read_text().replace("python:3.13-slim", "python:latest"), tmp_path)
    assert dirty.returncode == 1
    assert "DL3007" in dirty.stdout


def test_the_services_of_the_mission_are_there(file: dict[str, Any]) -> None:
    assert set(services(file)) == {*OURS, *SERVERS}
    assert services(file)["celery-beat"]["deploy"]["replicas"] == 2


def test_every_queue_has_a_worker_and_realtime_has_one_of_its_own(file: dict[str, Any]) -> None:
    taken = {name: queues(services(file)[name]) for name in WORKERS}
    assert taken["celery-realtime"] == {Queue.REALTIME}
    assert taken["celery-drills"] == {Queue.DRILLS}
    assert taken["celery-backups"] == {Queue.BACKUPS}
    assert taken["celery"] == {Queue.BULK, Queue.MAINTENANCE}


def test_who_rings_for_drills_and_who_does_them_know_of_the_same_period(file: dict[str, Any]) -> None:
    knowing = {name: one["environment"].get("ZARGAR_DRILL_PERIOD_DAYS") for name, one in services(file).items()
               if "environment" in one}  # fmt: skip
    assert {name for name, period in knowing.items() if period} == {"celery-backups", "celery-drills"}
    assert knowing["celery-backups"] == knowing["celery-drills"]


def test_only_the_worker_of_drills_can_open_backups_and_it_knows_no_owner_of_the_live_database(
    file: dict[str, Any],
) -> None:
    for secret in ("backup_operations_key", "drill_database_url"):
        knowing = {name for name, service in services(file).items() if secret in service["secrets"]}
        assert knowing == {"celery-drills"}
    assert not {"database_owner_url", "database_admin_url"} & set(services(file)["celery-drills"]["secrets"])
    assert services(file)["postgres-drills"]["networks"] == ["drills"]
    assert file["networks"]["drills"] == {"internal": True}


@pytest.mark.parametrize("name", [*OURS, *SERVERS])
def test_a_container_has_no_more_than_it_needs(name: str, file: dict[str, Any]) -> None:
    service = services(file)[name]
    uid, gid = service["user"].split(":")
    assert int(uid) > 0
    assert int(gid) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "pid", "network_mode", "devices"} & set(service)
    assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"])
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])


@pytest.mark.parametrize("name", [*OURS, *SERVERS])
def test_what_runs_is_restarted_and_probed_and_what_ends_is_not_run_for_ever(name: str, file: dict[str, Any]) -> None:
    service = services(file)[name]
    if name in ONE_SHOTS:
        assert service["restart"] == "on-failure"
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["restart"] == "always"
        assert service["healthcheck"]["test"]


@pytest.mark.parametrize("name", [*OURS, *SERVERS])
def test_secrets_are_files_and_each_file_that_is_named_is_granted(name: str, file: dict[str, Any]) -> None:
    service = services(file)[name]
    secret = re.compile(r"(_URL|_BACKEND|_KEY|PASSWORD)$")
    assert [variable for variable in service.get("environment", {}) if secret.search(variable)] == []
    mounted = {value for value in service.get("environment", {}).values() if value.startswith(SECRETS_MOUNT)}
    assert mounted <= {f"{SECRETS_MOUNT}/{granted}" for granted in service["secrets"]}
    assert set(service["secrets"]) <= set(file["secrets"])


def test_only_who_makes_backups_sees_the_folder_of_files_that_go_along_and_cannot_write_there(
    file: dict[str, Any],
) -> None:
    mounts = {
        (name, mount["target"], mount["read_only"], mount["source"])
        for name, what in file["services"].items()
        for mount in what.get("volumes", [])
        if isinstance(mount, dict)
    }
    assert mounts == {("celery-backups", "/srv/files", True, "${ZARGAR_BACKUP_FOLDER:-./files}")}
    assert any("backups" in argument for argument in file["services"]["celery-backups"]["command"])


def test_drills_restore_files_onto_a_disk_of_their_own_and_not_into_memory(file: dict[str, Any]) -> None:
    drills = services(file)["celery-drills"]
    folder = drills["environment"]["TMPDIR"]
    [volume] = drills["volumes"]
    assert volume.partition(":") == ("drilled-files", ":", folder)
    assert "drilled-files" in file["volumes"]
    assert not any(mount.startswith(folder) for mount in drills["tmpfs"])
    assert {name for name, one in services(file).items() if "drilled-files" in str(one.get("volumes"))} == {
        "celery-drills"
    }


def test_settings_that_are_no_secrets_may_be_given_in_a_file(file: dict[str, Any]) -> None:
    assert {str(services(file)[name]["env_file"]) for name in OURS} == {"[{'path': 'settings.env', 'required': False}]"}
    assert "deploy/compose/settings.env" in (ROOT / ".gitignore").read_text()


def test_only_the_one_shots_know_the_owner_and_only_one_the_superuser(file: dict[str, Any]) -> None:
    def knowing(secret: str) -> set[str]:
        return {name for name, service in services(file).items() if secret in service["secrets"]}

    assert knowing("database_owner_url") == {"prepare", "migrate", "celery-backups"}
    assert knowing("database_admin_url") == {"prepare"}


def test_valkey_is_on_a_network_of_its_own_that_leads_nowhere(file: dict[str, Any]) -> None:
    assert services(file)["valkey"]["networks"] == ["broker"]
    assert services(file)["postgres"]["networks"] == ["database"]
    assert file["networks"]["broker"] == file["networks"]["database"] == {"internal": True}
    assert "ports" not in services(file)["valkey"]
    assert "ports" not in services(file)["postgres"]


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_is_given_longer_to_end_than_its_soft_shutdown_takes(name: str, file: dict[str, Any]) -> None:
    service = services(file)[name]
    assert service["environment"]["REMAP_SIGTERM"] == "SIGQUIT"
    assert service["stop_signal"] == "SIGTERM"
    assert seconds(service["stop_grace_period"]) >= 2 * app.conf.worker_soft_shutdown_timeout > 0


def test_the_web_is_given_longer_to_end_than_a_request_may_take(file: dict[str, Any]) -> None:
    web = services(file)["web"]
    [graceful] = [word.partition("=")[2] for word in web["command"] if word.startswith("--graceful-timeout=")]
    assert seconds(web["stop_grace_period"]) > int(graceful)
    assert web["ports"] == ["127.0.0.1:8000:8000"]


def test_a_worker_has_room_for_its_children_to_grow(file: dict[str, Any]) -> None:
    for name in WORKERS:
        service = services(file)[name]
        children = int(service["environment"]["ZARGAR_WORKER_CONCURRENCY"])
        megabytes = int(service["deploy"]["resources"]["limits"]["memory"].removesuffix("M"))
        assert megabytes * 1000 > children * app.conf.worker_max_memory_per_child + 150_000


def test_the_image_runs_as_the_compose_file_says_and_names_no_registry(file: dict[str, Any]) -> None:
    text = DOCKERFILE.read_text()
    [user] = re.findall(r"^USER (\S+)$", text, re.MULTILINE)
    assert {services(file)[name]["user"] for name in OURS} == {user}
    assert image_environment()["DJANGO_SETTINGS_MODULE"] == "zargar.settings.production"
    assert image_environment()["PYTHONUNBUFFERED"] == "1"
    images = [*re.findall(r"^FROM (\S+)", text, re.MULTILINE), *(one["image"] for one in services(file).values())]
    assert [image for image in images if "." in image.split("/")[0].split(":")[0]] == []
    assert "://" not in text


def test_the_build_is_given_what_the_dockerfile_copies_and_no_more() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text(), re.MULTILINE)
    wanted = {path for line in copied for path in line.split()}
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == wanted
    assert [path for path in wanted if not (ROOT / path).exists()] == []


def test_an_installed_package_holds_every_page_style_and_font_of_the_checkout(tmp_path: Path) -> None:
    wanted = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "zargar").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    for path in wanted:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes((ROOT / path).read_bytes())
    build = ("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", "out", ".")
    subprocess.run([sys.executable, "-m", "pip", *build], cwd=tmp_path, check=True)
    [wheel] = (tmp_path / "out").glob("*.whl")
    assert wanted - set(zipfile.ZipFile(wheel).namelist()) == set()
