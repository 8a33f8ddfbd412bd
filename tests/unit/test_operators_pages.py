"""The runbook and the page of errors speak of what there is, and leave out nothing of it."""

import ast
import re
from pathlib import Path

from zargar.cli.exits import Exit
from zargar.embedded import databases

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
ERRORS = (ROOT / "docs" / "errors.md").read_text()
EXCEPTIONS = {"Retryable", "Permanent", "Snooze", "Outcome", "BadAnswer", "BadFigure"}
KINDS = {"LeaseLost"}
"""Kinds of failure that are written into a run by name, without a class."""


def classes() -> set[str]:
    """The public exception classes of the package, by name."""
    found = [
        node.name
        for path in (ROOT / "zargar").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    ]
    return {name for name in found if (name.endswith("Error") and not name.startswith("_")) or name in EXCEPTIONS}


def test_every_class_on_the_page_of_errors_exists_and_every_one_that_exists_is_on_it() -> None:
    named = set(re.findall(r"`([A-Z][a-zA-Z]+)`", ERRORS)) - KINDS
    assert {name for name in named if name.endswith("Error")} | (named & EXCEPTIONS) == classes()


def test_a_kind_without_a_class_is_written_by_the_ledger() -> None:
    assert all(f'kind="{kind}"' in (ROOT / "zargar/ledger/store.py").read_text() for kind in KINDS)


def test_every_exit_code_is_explained() -> None:
    assert {(int(code), name) for code, name in re.findall(r"^\| (\d+) \| `(\w+)`", ERRORS, re.MULTILINE)} == {
        (code.value, code.name) for code in Exit
    }


def test_every_setting_of_ours_is_in_the_runbook() -> None:
    read = {
        name
        for path in (ROOT / "zargar" / "settings").glob("*.py")
        for name in re.findall(r'env\.\w+\(\s*"(\w+)"', path.read_text())
    }
    assert len(read) > 20
    assert {name for name in read if f"`{name}`" not in RUNBOOK} == set()


def test_the_runbook_makes_the_roles_as_the_program_does() -> None:
    statements = [*databases.GRANTS, databases.ATTRIBUTES.as_string(None)]
    assert [statement for statement in statements if statement not in RUNBOOK] == []
    source = (ROOT / "zargar" / "embedded" / "databases.py").read_text()
    for by_hand in re.findall(
        r"^((?:ALTER SCHEMA|REVOKE ALL ON SCHEMA|GRANT USAGE ON SCHEMA) .+);$", RUNBOOK, re.MULTILINE
    ):
        assert by_hand in source


def test_the_commands_of_the_runbook_are_commands() -> None:
    spoken = set(re.findall(r"zargar (prices|runs|schedule|shops|database|probe|tasks) (\w+)", RUNBOOK))
    known = {
        (noun, re.sub(r"^list_\w+$", "list", verb))
        for noun in ("prices", "runs", "schedule", "shops", "database", "probe", "tasks")
        for verb in re.findall(
            r'^(?:@app\.command\((?:"\w+")?\)\ndef |app\.command\(\)\(\w+\.)(\w+)',
            (ROOT / "zargar" / "cli" / f"{noun}.py").read_text(),
            re.MULTILINE,
        )
    }
    assert spoken - known == set()
    assert len(spoken) > 10


def test_links_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    broken = [
        (page.name, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert broken == []
