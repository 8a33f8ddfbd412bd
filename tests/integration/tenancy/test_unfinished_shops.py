"""A shop whose making is cut off leaves nothing, or at least nothing that stands in anybody's way for good."""

import os
import subprocess
import sys
from collections.abc import Iterator
from signal import SIGINT, SIGKILL, Signals
from subprocess import PIPE, Popen

import pytest
from django.db import OperationalError

from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase, django_uses
from zargar.shops import operations, schemas
from zargar.shops.models import Shop, State
from zargar.shops.operations import ShopStateError

MAKING = """
import django, signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background passes on SIG_IGN
django.setup()
from zargar.shops import operations, schemas

def fill(shop):
    schemas.create_schema(shop.schema_name)
    print("filled", flush=True)
    time.sleep(60)

operations.create(slug="negin", name="n", domain="negin.example", actor="a test", reason="x", fill=fill)
"""
"""Make a shop, and stay in the middle of that."""


@pytest.fixture(autouse=True)
def _as_owner(database: ScratchDatabase) -> Iterator[None]:
    with django_uses(database.owner_url):
        yield


@pytest.fixture
def making(database: ScratchDatabase) -> Iterator["Popen[str]"]:
    """Another process, which has made the schema of the shop `negin` and has more to do."""
    env = {**os.environ, **database.env, "ZARGAR_DATABASE_ROLE": "owner"}
    with Popen([sys.executable, "-c", MAKING], env=env, stdout=PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said == "filled\n", said + process.stdout.read()
        yield process
        process.kill()


def states() -> dict[str, str]:
    return dict(Shop.objects.values_list("schema_name", "state"))


def ended(process: "Popen[str]", signal: Signals) -> None:
    process.send_signal(signal)
    process.wait(60)


def delete(slug: str = "negin") -> None:
    operations.delete(slug=slug, actor="a test", reason="it was cut off")


def test_a_creation_that_is_interrupted_leaves_nothing_behind(making: "Popen[str]") -> None:
    ended(making, SIGINT)
    assert states() == {TEMPLATE_SHOP: State.ACTIVE}
    assert not schemas.schema_exists("negin")


def test_what_a_killed_creation_left_can_be_deleted_and_the_name_is_free_again(making: "Popen[str]") -> None:
    ended(making, SIGKILL)
    assert states()["negin"] == State.CREATING
    delete()
    assert not schemas.schema_exists("negin")
    operations.create(slug="negin", name="n", domain="negin.example", actor="a test", reason="again")
    assert states()["negin"] == State.ACTIVE


def test_a_shop_that_is_being_made_is_not_deleted_under_its_maker(making: "Popen[str]") -> None:
    with pytest.raises(OperationalError, match="lock timeout"):
        delete()
    assert making.poll() is None
    assert schemas.schema_exists("negin")


def test_a_suspended_shop_without_a_schema_can_be_deleted_and_an_active_one_cannot() -> None:
    Shop.objects.create(schema_name="left_out", name="x", state=State.SUSPENDED)
    delete("left_out")
    assert "left_out" not in states()
    with pytest.raises(ShopStateError, match="suspend it before it is deleted"):
        delete(TEMPLATE_SHOP)
