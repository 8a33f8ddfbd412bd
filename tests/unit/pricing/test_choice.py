"""Which boards are asked where nobody has said so, where somebody has, and beside the sandbox."""

import pytest

from zargar.pricing.board import Terms
from zargar.pricing.choice import MissingKeyError, choose
from zargar.pricing.rules import Rules
from zargar.pricing.sources import CATALOGUE, UnknownSourceError


def asked(*names: str, keys: tuple[str, ...] = (), sandbox: bool = False) -> set[str]:
    chosen = choose(names=names or None, keys=keys, sandbox=sandbox)
    assert [one.source for one in chosen] == list(CATALOGUE)
    return {one.source.board.name for one in chosen if one.asked}


def test_an_owner_who_does_not_want_it_is_not_asked_by_default_and_it_is_said_why() -> None:
    reasons = {one.source.board.name: one.because for one in choose(names=None, keys=(), sandbox=False)}
    off = {"tgju", "goldika", "digikala", "milli", "tlyn", "brsapi", "navasan"}
    assert asked() == {source.board.name for source in CATALOGUE} - off
    assert reasons["tgju"] == "its owner does not want it (consent_needed)"
    assert reasons["brsapi"] == "no key: ZARGAR_BRSAPI_KEY"


def test_without_those_more_families_than_a_wide_move_needs_are_left() -> None:
    families = {source.board.family for source in CATALOGUE if source.board.name in asked()}
    assert len(families) >= 2 * Rules().wide_families


def test_beside_the_sandbox_all_are_asked() -> None:
    assert asked(sandbox=True) == {source.board.name for source in CATALOGUE}


def test_who_has_a_key_is_asked() -> None:
    assert "navasan" in asked(keys=("navasan",))


def test_a_deployment_that_names_its_boards_gets_those_whatever_their_terms() -> None:
    assert asked("tgju", "goldika") == {"tgju", "goldika"}
    assert asked("tgju", "brsapi", keys=("brsapi",)) == {"tgju", "brsapi"}
    assert asked("brsapi", sandbox=True) == {"brsapi"}


def test_a_name_that_no_board_has_and_a_key_that_is_not_there_are_refused() -> None:
    with pytest.raises(UnknownSourceError, match="no source 'tgjuu'"):
        asked("tgjuu")
    with pytest.raises(MissingKeyError, match="set ZARGAR_BRSAPI_KEY"):
        asked("wallgold", "brsapi")


def test_terms_that_forbid_are_those_that_somebody_wrote() -> None:
    assert {terms for terms in Terms if not terms.forbids} == {Terms.DOCUMENTED, Terms.UNSTATED, Terms.CONTRACT}
