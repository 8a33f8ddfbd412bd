"""Logs of all our processes: one record a line, JSON in production, words elsewhere, and scrubbed before it is written.

Every record of every library passes through the one handler that `configure` sets: its text, its fields and the text of
its exception are cleaned of credentials and phone numbers (`zargar.scrub`), and a field that is named like a secret is
not written at all. Our code logs by `logging.getLogger(__name__)`; who wants fields uses `structlog.get_logger()`.

A JSON record has `timestamp` (ISO 8601, UTC), `level`, `logger`, `process`, `pid`, `event`, and where there is one
`exception`: the traceback as text, its last lines first to be kept.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Final

import structlog
from structlog.typing import EventDict, ExcInfo, Processor

from zargar.scrub import scrub

LINES_OF_EXCEPTION: Final = 60
"""Lines kept of a traceback, from its end, where the error itself stands."""

_SECRET_NAME: Final = re.compile(r"password|passwd|secret|token|api_?key|authorization|signature", re.IGNORECASE)
_MASK: Final = "***"
_OWN_HANDLERS: Final = ("celery", "celery.task", "celery.redirected", "gunicorn.error", "gunicorn.access")


def configure(*, as_json: bool, level: int | str, file: str | None = None) -> None:
    """Send the records of this process to standard error, or to `file`. Called again, it starts over."""
    handler = logging.FileHandler(Path(file)) if file else logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(as_json=as_json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _OWN_HANDLERS:  # what these set up for themselves would be written twice, once unscrubbed
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_before(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def formatter(*, as_json: bool) -> logging.Formatter:
    """Return the formatter that turns a record of whatever library into one clean line."""
    render: Processor = structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else _in_words
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_before(),
        processors=[_where, structlog.stdlib.ProcessorFormatter.remove_processors_meta, _exception, _clean, render],
    )


def _before() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _where(_logger: object, _name: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    event.update(process=record.processName, pid=record.process)
    return event


def _exception(_logger: object, _name: str, event: EventDict) -> EventDict:
    """Turn an exception into text, cleaned line by line: the whole would be cut at its front, where it says least."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    elif isinstance(found, BaseException):
        found = (type(found), found, found.__traceback__)
    if isinstance(found, tuple) and found[0] is not None:
        event["exception"] = _traceback(found)
    return event


def _traceback(found: ExcInfo) -> str:
    lines = "".join(traceback.format_exception(*found)).rstrip().splitlines()
    return "\n".join(scrub(line) for line in lines[-LINES_OF_EXCEPTION:])


def _clean(_logger: object, _name: str, event: EventDict) -> EventDict:
    return {key: value if key == "exception" else _cleaned(key, value) for key, value in event.items()}


def _cleaned(key: str, value: Any) -> Any:  # noqa: ANN401 -- whatever a library logs
    if _SECRET_NAME.search(key):
        return _MASK
    match value:
        case bool() | int() | float() | None:
            return value
        case MutableMapping():
            return {str(inner): _cleaned(str(inner), held) for inner, held in value.items()}
        case list() | tuple() | set():
            return [_cleaned(key, held) for held in value]
        case _:
            return scrub(str(value))


def _in_words(_logger: object, _name: str, event: MutableMapping[str, Any]) -> str:
    """Write a record for people: when, how grave, which process, what; then its fields and its exception."""
    at, level, process = event.pop("timestamp"), str(event.pop("level")).upper(), event.pop("process")
    said, exception = event.pop("event"), event.pop("exception", None)
    event.pop("pid")
    logger = event.pop("logger")
    fields = "".join(f" {key}={value}" for key, value in event.items())
    line = f"[{at} {level}/{process}] {logger}: {said}{fields}"
    return f"{line}\n{exception}" if exception else line
