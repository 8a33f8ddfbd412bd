"""The data folder: one running system each, private, and readable by the settings."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values

from zargar.embedded.errors import DataFolderBusyError
from zargar.embedded.folder import SIDES, DataFolder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_second_system_in_the_same_place_takes_a_side_folder_and_says_so(tmp_path: Path) -> None:
    first, second = DataFolder.claim(tmp_path / "data"), DataFolder.claim(tmp_path / "data")
    assert (first.path, first.moved) == (tmp_path / "data", False)
    assert (second.path, second.moved) == (tmp_path / "data" / "side-2", True)
    first.close()
    third = DataFolder.claim(tmp_path / "data")
    assert not third.moved
    third.close()
    second.close()


def test_a_killed_system_does_not_keep_its_folder(tmp_path: Path) -> None:
    script = (
        "import sys, os, signal; from pathlib import Path; from zargar.embedded.folder import DataFolder; "
        "DataFolder.claim(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path / "data")], check=False)
    assert killed.returncode == -9
    folder = DataFolder.claim(tmp_path / "data")
    assert not folder.moved
    folder.close()


def test_when_every_side_folder_is_in_use_it_says_what_to_do(tmp_path: Path) -> None:
    claimed = [DataFolder.claim(tmp_path / "data") for _ in range(SIDES)]
    with pytest.raises(DataFolderBusyError, match="ZARGAR_DATA"):
        DataFolder.claim(tmp_path / "data")
    for folder in claimed:
        folder.close()


def test_folder_and_files_are_for_their_owner_alone_and_secrets_are_made_once(tmp_path: Path) -> None:
    folder = DataFolder.claim(tmp_path / "data")
    secret = folder.secret("key")
    folder.write_environment({"SECRET_KEY": secret})
    assert len(secret) >= 43
    assert folder.secret("key") == secret != folder.secret("another")
    assert mode(folder.path) == 0o700
    assert mode(folder.path / "environment") == mode(folder.path / "secrets" / "key") == 0o600
    folder.close()


def test_every_value_comes_back_from_the_environment_file_as_it_was(tmp_path: Path) -> None:
    values = {
        "DATABASE_URL": "postgresql://a:p%40ss@127.0.0.1:5432/z?options=-c%20role%3Dzargar_app",
        "ODD": "it's a \\ and a \" and a # and a $HOME",
    }
    folder = DataFolder.claim(tmp_path / "data")
    folder.write_environment(values)
    assert dotenv_values(folder.path / "environment", interpolate=False) == values
    folder.close()


def test_the_settings_find_the_running_system_through_the_folder_alone(tmp_path: Path) -> None:
    folder = DataFolder.claim(tmp_path / "data")
    folder.write_environment(
        {
            "SECRET_KEY": "from-the-file",
            "DATABASE_URL": "postgresql://zargar_app:pw@127.0.0.1:54321/zargar?options=-c%20role%3Dzargar_app",
            "CELERY_BROKER_URL": "redis://:pw@127.0.0.1:63790/0",
        }
    )
    script = (
        "from django.conf import settings as s; d = s.DATABASES['default']; "
        "print(s.SECRET_KEY, d['PORT'], d['OPTIONS']['options'], s.CELERY_BROKER_URL, sep='|')"
    )
    env = {
        "PATH": os.environ["PATH"],
        "ZARGAR_DATA": str(folder.path),
        "DJANGO_SETTINGS_MODULE": "zargar.settings.embedded",
    }
    read = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    assert read.stdout.strip() == "from-the-file|54321|-c role=zargar_app|redis://:pw@127.0.0.1:63790/0"
    folder.close()
