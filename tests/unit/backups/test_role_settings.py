"""Lists of names in a role's settings are taken apart as PostgreSQL puts them together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.backups.roles import names


@pytest.mark.parametrize(
    ("kept", "found"),
    [
        ('"$user", public', ["$user", "public"]),
        ("public", ["public"]),
        ('""', [""]),
        ("", [""]),
        ('"a ""b"", c", d', ['a "b", c', "d"]),
        ("pg_catalog,  shop_1 ,x", ["pg_catalog", "shop_1", "x"]),
    ],
)
def test_a_list_of_names_is_taken_apart(kept: str, found: list[str]) -> None:
    assert names(kept) == found


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1))
def test_what_is_quoted_comes_back_whatever_it_holds(given_names: list[str]) -> None:
    kept = ", ".join('"' + name.replace('"', '""') + '"' for name in given_names)
    assert names(kept) == given_names
