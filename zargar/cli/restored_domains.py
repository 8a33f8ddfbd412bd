"""Which domains a restore must not rewind: they lie above backups and are handed in here, where all rooms are known."""

from typing import TYPE_CHECKING

from zargar import clock

if TYPE_CHECKING:
    from zargar.backups.ports import RestoredShop


def unwound() -> "tuple[RestoredShop, ...]":
    """Return them, in the order in which each is handed a restored shop."""
    from zargar.notifications import wiring  # noqa: PLC0415 -- needs Django
    from zargar.notifications.restored import RestoredMessages  # noqa: PLC0415 -- as above

    return (RestoredMessages(key=wiring.recipients_key(), clock=clock.now),)
