"""CONTRIBUTING names files that exist, and the lists of what a board and a task touch are the whole truth."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
PATH = re.compile(r"`((?:zargar|tests|docs|requirements|deploy)/[\w./-]+|\.importlinter|pyproject\.toml)`")
BOARD = "talasea"


def section(heading: str) -> str:
    return TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def mentioning(pattern: str) -> set[str]:
    """The modules of the package in which a pattern occurs, migrations aside."""
    return {
        str(path.relative_to(ROOT))
        for path in (ROOT / "zargar").rglob("*.py")
        if "migrations" not in path.parts and re.search(pattern, path.read_text())
    }


def test_every_path_that_it_names_exists() -> None:
    named = [path.replace("NAME", BOARD) for path in PATH.findall(TEXT)]
    assert len(named) > 20
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_a_board_touches_exactly_the_files_that_it_lists() -> None:
    listed = {path.replace("NAME", BOARD) for path in PATH.findall(section("A new board"))}
    assert {path for path in listed if path.startswith("zargar/")} == mentioning(rf"\b{BOARD}\b")


def test_a_task_touches_exactly_the_files_that_it_lists() -> None:
    """Its domain's operations aside, which know nothing of a task; shown by one that has an entry."""
    listed = set(re.findall(r"^\| `(zargar/[^`]+)`", section("A new task"), re.MULTILINE))
    assert listed == mentioning(r"CLEANUP_GOLD_PRICE_CACHE|\bcleanup_gold_price_cache\b")


def test_the_commands_that_it_names_are_the_makefile_s() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake (\w+)", TEXT.split("## ")[0].split("All you need")[0])) <= targets
    assert {"demo", "test", "check", "lock"} <= targets
