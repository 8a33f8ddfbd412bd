"""Which servers are started here and which are given."""

import pytest

from zargar.embedded.options import Options


@pytest.mark.parametrize(
    ("given", "needed"),
    [
        ({}, True),
        ({"CELERY_BROKER_URL": "redis://broker:6379/0"}, False),
        ({"CELERY_BROKER_URL": "rediss://broker:6379/0"}, False),
        ({"CELERY_BROKER_URL": "amqp://broker:5672/"}, True),
        ({"CELERY_BROKER_URL": "amqp://broker:5672/", "CELERY_RESULT_BACKEND": "redis://results:6379/0"}, False),
        ({"CELERY_RESULT_BACKEND": "redis://results:6379/0"}, True),
    ],
)
def test_a_valkey_is_started_only_where_the_given_servers_leave_a_gap(given: dict[str, str], *, needed: bool) -> None:
    assert Options.up(given).needs_valkey is needed


def test_an_empty_variable_is_none_given() -> None:
    assert Options.up({"DATABASE_URL": "", "CELERY_BROKER_URL": ""}) == Options()


def test_no_url_is_shown() -> None:
    assert "hunter2" not in repr(Options.demo({"DATABASE_URL": "postgresql://a:hunter2@db/z"}, prices_every=5))
