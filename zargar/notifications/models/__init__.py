"""The tables of messaging in the shared schema."""

from zargar.notifications.models.accounts import AccountChange, AccountState, Route, Sending
from zargar.notifications.models.due import DueShop
from zargar.notifications.models.figures import HourFigures
from zargar.notifications.models.heard import HeardWish
from zargar.notifications.models.journal import JournalEntry
from zargar.notifications.models.optouts import OptOut
from zargar.notifications.models.platform import PlatformMessage
from zargar.notifications.models.reservations import Reservation
from zargar.notifications.models.told import Told

__all__ = [
    "AccountChange", "AccountState", "DueShop", "HeardWish", "HourFigures", "JournalEntry", "OptOut", "PlatformMessage",
    "Reservation", "Route", "Sending", "Told",
]  # fmt: skip
