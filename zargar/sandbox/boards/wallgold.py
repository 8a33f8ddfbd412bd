"""WallGold's `/api/v1/markets`, as recorded on 2026-08-06: every number a string, a market without trade all nulls."""

import json
from decimal import Decimal
from typing import Any, Final

from zargar.sandbox.misbehaviour import How, Scene
from zargar.sandbox.wire import Call, Reply, Route

NAME: Final = "wallgold"
ABOVE_MEDIAN: Final = Decimal("1.0044")


def markets(scene: Scene, _: Call) -> Reply:
    """Answer both markets: 750 gold, and silver, which has no trade yet."""
    gold = scene.gold(scene.at)
    price = None if gold is None else str(int(gold * ABOVE_MEDIAN / 1000) * 1000)
    body = {
        "result": [
            _market(
                scene, "GLD_18C_750", "طلای ۱۸ عیار ۷۵۰", created="2022-12-18T00:00:00Z", new=False, cap=_cap(price)
            ),
            _market(scene, "SLV_990", "currencies.SLV_990", created="2026-08-05T00:00:00Z", new=True, cap=_no_cap()),
        ],
        "message": "عملیات با موفقیت انجام شد",
        "success": True,
    }
    return Reply(json.dumps(body, separators=(",", ":")))


ROUTES: Final = (Route("GET", "/api/v1/markets", markets),)


def _market(scene: Scene, base: str, persian: str, *, created: str, new: bool, cap: dict[str, Any]) -> dict[str, Any]:
    trading = "disable" if scene.has(How.SUSPENDED) else "enable"
    stop_loss = "0" if new else None
    return {
        "symbol": f"{base}TMN",
        "baseAsset": base,
        "baseAssetPrecision": "3",
        "quoteAsset": "TMN",
        "quotePrecision": "0",
        "otcFeeCoefficient": "0.01" if new else "0.005",
        "sltpFeeCoefficient": stop_loss or "0.01",
        "faName": f"{persian}-تومان",
        "enName": f"{base}-TMN",
        "faBaseAsset": persian,
        "enBaseAsset": base,
        "faQuoteAsset": "تومان",
        "enQuoteAsset": "TMN",
        "stepSize": "3",
        "tickSize": "0",
        "minQty": "0.007",
        "maxQty": "10000.000",
        "minQtySLTP": "0.000" if new else "0.007",
        "maxQtySLTP": "0.000" if new else "10000.000",
        "minNotional": "50000",
        "maxNotional": "50000000000",
        "minNotionalSLTP": stop_loss or "50000",
        "maxNotionalSLTP": stop_loss or "50000000000",
        "IsEnableBuySide": True,
        "IsEnableSellSide": True,
        "buyStatus": trading,
        "sellStatus": trading,
        "sltpThreshold": stop_loss or "0.2",
        "createdAt": created,
        "isNew": new,
        "marketCap": {"symbol": f"{base}TMN", **cap},
    }


def _cap(price: str | None) -> dict[str, str | None]:
    if price is None:
        return _no_cap()
    return {
        "24hVolume": "8311.2070000000000000000",
        "24hQuoteVolume": f"{8311 * int(price)}.4160000000000000",
        "24hHighPrice": f"{int(price) // 1000 * 1004}.0000000000000000",
        "24hLowPrice": f"{int(price) // 1000 * 995}.0000000000000000",
        "24hChangePrice": "0.0100000000000000",
        "lastPrice": price,
        "lastBuyPrice": price,
        "lastSellPrice": price,
    }


def _no_cap() -> dict[str, str | None]:
    names = ("24hVolume", "24hQuoteVolume", "24hHighPrice", "24hLowPrice", "24hChangePrice")
    return dict.fromkeys((*names, "lastPrice", "lastBuyPrice", "lastSellPrice"))
