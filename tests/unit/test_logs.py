"""What a process writes: one clean line a record, for programs or for people."""

import json
import logging
import sys

import pytest

from zargar.logs import LINES_OF_EXCEPTION, formatter

SECRETS = ("hunter2", "09121234567", "abcdef123456")
PROGRAMS = formatter(as_json=True)
PEOPLE = formatter(as_json=False)


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    found = logging.LogRecord("kombu.transport", logging.WARNING, __file__, 1, message, args, None)
    found.__dict__.update(extra)
    return found


def raised(message: str, *, deep: int = 0) -> logging.LogRecord:
    def fall(steps: int) -> None:
        if steps:
            fall(steps - 1)
        raise RuntimeError(message)

    try:
        fall(deep)
    except RuntimeError:
        found = sys.exc_info()
    return logging.LogRecord("celery", logging.ERROR, __file__, 1, "it failed", (), found)


def test_a_record_is_one_line_of_json_with_stable_names() -> None:
    line = PROGRAMS.format(record("%s ready.", "worker@شهر"))
    assert "\n" not in line
    told = json.loads(line)
    assert told.items() >= {
        "event": "worker@شهر ready.", "level": "warning", "logger": "kombu.transport", "process": "MainProcess"
    }.items()  # fmt: skip
    assert told["timestamp"].endswith("Z")


def test_people_read_words_and_no_json() -> None:
    line = PEOPLE.format(record("beat: Starting..."))
    assert line.endswith("WARNING/MainProcess] kombu.transport: beat: Starting...")


@pytest.mark.parametrize("form", [PROGRAMS, PEOPLE], ids=["json", "words"])
def test_no_secret_and_no_phone_number_passes_in_text_arguments_or_exceptions(form: logging.Formatter) -> None:
    leak = "https://user:hunter2@board.example api_key=abcdef123456 09121234567"
    told = form.format(record("asked %s", leak)) + form.format(raised(leak))
    assert not [secret for secret in SECRETS if secret in told]
    assert "***" in told
    assert "RuntimeError" in told


def test_the_end_of_a_long_traceback_is_kept_where_the_error_stands() -> None:
    told = json.loads(PROGRAMS.format(raised("at the very end", deep=200)))
    assert told["exception"].endswith("RuntimeError: at the very end")
    assert len(told["exception"].splitlines()) <= LINES_OF_EXCEPTION


def test_a_traceback_stays_inside_its_line_of_json() -> None:
    assert "\n" not in PROGRAMS.format(raised("no"))
