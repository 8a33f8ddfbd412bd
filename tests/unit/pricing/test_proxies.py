"""The routes of boards: read strictly, chosen by the nearest name, and never shown."""

import pytest

from zargar.pricing.proxies import ProxyError, hosts, read, route, secrets
from zargar.pricing.sources import named

NAMES = {"daric", "milli", "union", "world"}


def test_each_name_has_its_route() -> None:
    text = "daric=http://u:p@a.example:3128, world=http://10.0.0.7:80\n*=http://[::1]:8080"
    assert read(text, names=NAMES) == {
        "daric": "http://u:p@a.example:3128", "world": "http://10.0.0.7:80", "*": "http://[::1]:8080",
    }  # fmt: skip
    assert read("", names=NAMES) == {}


@pytest.mark.parametrize(
    "entry",
    [
        "nobody=http://u:secret@a:1", "http://u:secret@a:1", "daric=", "daric", "daric=u:secret@a:1",
        "daric=https://u:secret@a:1", "daric=socks5://u:secret@a:1", "daric=http://u:secret@a", "daric=http://u:secret@:1",
        "daric=http://u:secret@a:99999", "daric=http://u:secret@a:1/path", "=http://u:secret@a:1",
        "daric=http://u:secret@a:1,daric=http://u:secret@a:2", "daric=http://u:secret@[a:1",
    ],
)  # fmt: skip
def test_an_entry_that_is_none_is_refused_without_repeating_the_address(entry: str) -> None:
    with pytest.raises(ProxyError) as refused:
        read(entry, names=NAMES)
    assert "secret" not in str(refused.value)


def test_a_board_takes_its_own_route_then_its_familys_then_that_of_all() -> None:
    talair = named("talair").board
    routes = {"talair": "http://a:1", "union": "http://b:1", "*": "http://c:1"}
    assert route(talair, routes) == "http://a:1"
    assert route(talair, {name: url for name, url in routes.items() if name != "talair"}) == "http://b:1"
    assert route(named("milli").board, routes) == "http://c:1"
    assert route(talair, {"milli": "http://d:1"}) is None


def test_what_must_not_be_shown_of_an_address_is_its_user_and_password_in_both_spellings() -> None:
    assert secrets("http://sara:a%2Fb@h:1") == ["a%2Fb", "sara", "a/b"]
    assert secrets("http://h:1") == secrets(None) == []


def test_the_hosts_of_all_routes_are_known() -> None:
    assert hosts({"*": "http://u:p@Proxy.example:1", "milli": "http://10.0.0.1:2"}) == {"proxy.example", "10.0.0.1"}
