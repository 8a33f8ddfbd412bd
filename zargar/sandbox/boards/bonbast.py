"""Bonbast, as recorded on 2026-08-06: a page with a token, and its prices, all strings, for whoever posts the token.

A token is good for ten minutes and only with the cookie of its page; any other is answered with `{"rest": "1"}`.
"""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import jdatetime

from zargar.sandbox.misbehaviour import How, Scene
from zargar.sandbox.wire import Call, Reply, Route, tehran

NAME: Final = "bonbast"
ABOVE_MEDIAN: Final = Decimal("1.0014")
GRAMS_PER_MESGHAL: Final = Decimal("4.3318")
GOOD_FOR: Final = 10
"""Minutes."""
COOKIE: Final = "st_bb"
PAGE: Final = """<!doctype html><html><head><title>bonbast</title></head><body><script>
$(function () {{ $.post('/json', {{param: "{token}"}}, function (data) {{ show(data); }}); }});
</script></body></html>"""
DOLLARS: Final = {
    "aed": "0.2743", "afn": "0.01515", "amd": "0.02737", "aud": "0.7046", "azn": "0.5888", "bhd": "2.655",
    "cad": "0.7137", "chf": "1.239", "cny": "0.1481", "dkk": "0.1545", "eur": "1.1547", "gbp": "1.346", "hkd": "0.1275",
    "inr": "0.0105", "iqd": "0.0766", "jpy": "0.0635", "kwd": "3.233", "myr": "0.2444", "nok": "0.1049", "omr": "2.601",
    "qar": "0.274", "rub": "0.01235", "sar": "0.2665", "sek": "0.1054", "sgd": "0.7807", "thb": "0.03026",
    "try": "0.021", "usd": "1",
}  # fmt: skip
COINS: Final = {"azadi1": "9.73", "azadi1_2": "5.09", "azadi1_4": "2.83", "azadi1g": "1.455", "emami1": "9.92"}


def page(scene: Scene, _: Call) -> Reply:
    """Answer the page: its script holds the token, and its cookie goes with it."""
    token = _token(scene.market.seed, scene.at)
    return Reply(PAGE.format(token=token), content_type="text/html", cookies={COOKIE: _cookie(token)})


def prices(scene: Scene, call: Call) -> Reply:
    """Answer all prices, or that the token is no good."""
    good = {_token(scene.market.seed, scene.at - timedelta(minutes=age)) for age in range(GOOD_FOR)}
    token = call.form.get("param", "")
    if scene.has(How.TOKEN_STALE) or token not in good or call.cookies.get(COOKIE) != _cookie(token):
        return Reply('{"rest":"1"}')
    return Reply(json.dumps(dict(sorted({**_currencies(scene), **_gold(scene), **_clock(scene)}.items()))))


ROUTES: Final = (Route("GET", "/", page), Route("POST", "/json", prices))


def _token(seed: int, at: datetime) -> str:
    return hashlib.blake2b(f"{seed} {at:%Y-%m-%dT%H:%M}".encode(), digest_size=24).hexdigest()


def _cookie(token: str) -> str:
    return token[::-1]


def _currencies(scene: Scene) -> dict[str, str]:
    dollar = scene.market.dollar(scene.at)
    found: dict[str, str] = {}
    for name, worth in DOLLARS.items():
        sell = int(dollar * Decimal(worth) / 5) * 5
        found |= {f"{name}1": str(sell), f"{name}2": str(sell - max(5, sell // 2000))}
    return found


def _gold(scene: Scene) -> dict[str, str | None]:
    gold = scene.gold(scene.at)
    found: dict[str, str | None] = {
        "ounce": f"{scene.market.ounce(scene.at):.2f}", "bitcoin": "64594.2", "bourse": "1904324.2",
    }  # fmt: skip
    for name, grams in COINS.items():
        sell = None if gold is None else int(gold * Decimal(grams) / 500_000) * 500_000
        found |= {name: _text(sell), f"{name}2": _text(None if sell is None else sell * 985 // 1000)}
    mesghal = None if gold is None else int(gold * ABOVE_MEDIAN * GRAMS_PER_MESGHAL / 1000) * 1000
    found["mithqal"] = _text(mesghal)
    found["gol18"] = None if mesghal is None else str(int(mesghal / GRAMS_PER_MESGHAL))
    return found


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _clock(scene: Scene) -> dict[str, str | int]:
    local = tehran(scene.clock)
    jalali = jdatetime.date.fromgregorian(date=local.date())
    seen = scene.clock.astimezone(UTC)
    return {
        "created": f"{seen:%B %d, %Y 00:01}",
        "last_modified": f"{seen:%B %d, %Y %H:%M}",
        "year": jalali.year,
        "month": jalali.month,
        "day": jalali.day,
        "weekday": f"{local:%A}",
        "hour": f"{local:%H}",
        "minute": f"{local:%M}",
        "second": f"{local:%S}",
    }
