"""What every test stands on: settings without this machine's files, real servers started once, and copies of databases.

Nothing here is patched and nothing listens where a test did not ask for it: a test that forgets its fixture finds a
refused connection. Set ZARGAR_TEST_DATABASE_URL to an administrator's URL to run on another server (one session at a
time: the roles' passwords are the session's).
"""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

NOWHERE = "127.0.0.1:1"  # tcpmux: nothing listens there
for inherited in [name for name in os.environ if name.startswith("ZARGAR_") and not name.startswith("ZARGAR_TEST_")]:
    del os.environ[inherited]
os.environ.update(
    DJANGO_SETTINGS_MODULE="zargar.settings.test",
    SECRET_KEY=secrets.token_urlsafe(48),
    DATABASE_URL=f"postgresql://zargar_app@{NOWHERE}/nowhere",
    DATABASE_OWNER_URL=f"postgresql://zargar_owner@{NOWHERE}/nowhere",
    CELERY_BROKER_URL=f"redis://{NOWHERE}/0",
    CELERY_RESULT_BACKEND=f"redis://{NOWHERE}/1",
    CACHE_URL=f"redis://{NOWHERE}/2",
)

import django  # noqa: E402 -- Django reads the settings that the lines above name

django.setup()

import pytest  # noqa: E402 -- as above
from django.conf import settings  # noqa: E402 -- as above
from django.test.utils import override_settings  # noqa: E402 -- as above
from hypothesis import settings as properties  # noqa: E402 -- as above

from tests.support import memory  # noqa: E402 -- as above
from tests.support.broker import Broker, celery_uses  # noqa: E402 -- as above
from tests.support.databases import (  # noqa: E402 -- as above
    TEMPLATE,
    TEMPLATE_SHOP,
    ScratchDatabase,
    Server,
    create_template_shop,
    django_uses,
)
from zargar.embedded.postgres import Postgres  # noqa: E402 -- as above
from zargar.embedded.valkey import Valkey  # noqa: E402 -- as above
from zargar.settings.environment import cache  # noqa: E402 -- as above
from zargar.shops.models import Shop  # noqa: E402 -- as above

properties.register_profile("zargar", deadline=None)  # tests never assert a time
properties.load_profile("zargar")

LONGEST = ("battle/", "acceptance/", "integration/embedded/", "integration/deploy/", "integration/cli/")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that wait the longest: a tester that comes to one at the end has the others wait for it."""
    items.sort(key=lambda item: not item.path.relative_to(Path(__file__).parent).as_posix().startswith(LONGEST))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that needs a Debian package (`debian("package")`) or its program where the machine lacks it."""
    for marker in item.iter_markers("debian"):
        (package,) = marker.args
        if shutil.which(package) is None and not _debian_installed(package):
            pytest.skip(f"needs the Debian package {package}")


def _debian_installed(package: str) -> bool:
    query = shutil.which("dpkg-query")
    if query is None:
        return False
    asked = subprocess.run(
        [query, "--show", "--showformat=${db:Status-Status}", package], capture_output=True, text=True, check=False
    )
    return asked.stdout == "installed"


@pytest.fixture(scope="session")
def session_folder() -> Iterator[Path]:
    """A folder for the session's servers, removed with them; others may pass through it, and see nothing."""
    with tempfile.TemporaryDirectory(prefix="zargar-tests-", dir=memory.place()) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(session_folder: Path) -> Iterator[Server]:
    """A PostgreSQL server: a throwaway cluster of this session, or the one that ZARGAR_TEST_DATABASE_URL names."""
    given = os.environ.get("ZARGAR_TEST_DATABASE_URL")
    if given is not None:
        yield Server(given)
        return
    folder = session_folder / "postgres"
    folder.mkdir()
    folder.chmod(0o711)  # so that root's cluster, which runs as somebody else, lies in it
    cluster = Postgres(folder, durable=False)
    try:
        cluster.start()
        yield Server(cluster.url())
    finally:
        cluster.destroy()


@pytest.fixture(scope="session")
def template(postgres: Server) -> Iterator[str]:
    """The name of a database with the shared schema and one shop, made once a session; the tests' are copies of it."""
    made = postgres.migrated(TEMPLATE)
    with django_uses(made.owner_url):
        create_template_shop()
    yield TEMPLATE
    postgres.drop(TEMPLATE)


@pytest.fixture
def database(postgres: Server, template: str) -> Iterator[ScratchDatabase]:
    """This test's own migrated database. Django's default connection is on it, as `zargar_app`."""
    name = f"zargar_test_{secrets.token_hex(6)}"
    made = postgres.copy(template, name)
    env = {**made.env, "DJANGO_SETTINGS_MODULE": "zargar.settings.test", "SECRET_KEY": settings.SECRET_KEY}
    before = {variable: os.environ[variable] for variable in made.env}
    os.environ.update(made.env)
    try:
        with django_uses(made.app_url):
            yield ScratchDatabase(name, made.app_url, made.owner_url, env)
    finally:
        os.environ.update(before)
        postgres.drop(name)


@pytest.fixture
def shop(database: ScratchDatabase) -> Shop:
    """An active shop with its migrated, empty schema; it is in every `database`, and costs nothing more."""
    found: Shop = Shop.objects.get(schema_name=TEMPLATE_SHOP)
    return found


@pytest.fixture(scope="session")
def valkey_session(session_folder: Path) -> Iterator[Valkey]:
    """The Valkey that all tests of the session share; ask for `valkey` instead, which is empty and running."""
    with Valkey(session_folder / "valkey") as server:
        yield server


@pytest.fixture
def valkey(valkey_session: Valkey) -> Valkey:
    """An empty, running Valkey. A test may kill, pause or stop it: it is put right for the next one."""
    if valkey_session.running:
        valkey_session.resume()
    else:
        valkey_session.start()
    valkey_session.wipe()
    return valkey_session


@pytest.fixture
def broker(valkey: Valkey) -> Iterator[Broker]:
    """An empty broker (database 0) and result backend (database 1), used by this process's Celery application."""
    here = Broker(url=valkey.url(0), results_url=valkey.url(1), server=valkey)
    with celery_uses(here):
        yield here


@pytest.fixture
def cache_server(valkey: Valkey) -> Iterator[str]:
    """An empty cache (database 2), used by Django's default cache; its URL, as CACHE_URL for subprocesses."""
    url = valkey.url(2)
    with override_settings(CACHES={"default": cache(url)}):
        yield url
