"""Which text a message is written by: the shop's own, or the default of its tone; the platform has defaults alone."""

from collections.abc import Callable, Collection, Mapping

from zargar.notifications import template_store
from zargar.notifications.kinds import Kind, Tone
from zargar.notifications.rows import PLATFORM
from zargar.notifications.templates import defaults
from zargar.notifications.templates.defaults import NoSuchTemplateError
from zargar.notifications.templates.sources import Source
from zargar.notifications.values import Channel


def current(shop_id: int, kinds: Collection[str], channel: Channel) -> Mapping[str, Source]:
    """Return what is sent from now on, by kind. Raises `ValueError` for a kind that is none."""
    if shop_id == PLATFORM:
        return {kind: defaults.current_default(Kind(kind), channel, Tone.FORMAL) for kind in kinds}
    return template_store.current(kinds, channel)


def pinned(shop_id: int, ids: Collection[str]) -> Mapping[str, Source]:
    """Return the versions that messages were queued with, by their ids; what is gone is left out."""
    read = (
        (lambda some: {one: defaults.default_of(one) for one in some}) if shop_id == PLATFORM else template_store.pinned
    )
    try:
        return dict(read(ids))
    except NoSuchTemplateError:
        return {one: source for one in ids for source in _one(read, one)}


def _defaults(ids: Collection[str]) -> Mapping[str, Source]:
    return {one: defaults.default_of(one) for one in ids}


def _one(read: Callable[[Collection[str]], Mapping[str, Source]], template_id: str) -> list[Source]:
    try:
        return list(read([template_id]).values())
    except NoSuchTemplateError:
        return []
