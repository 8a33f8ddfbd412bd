"""The Persian texts that every shop has from its first day: for each kind, channel and tone, out of `defaults/`.

A file `KIND@VERSION.toml` holds the six texts of a kind: `[sms.formal]`, `[letter.warm]`, `[push.formal]` … A letter is
what an e-mail says, and what lies in the inbox, which has room for as much. The highest version is what is sent from
now on; a version that was released is never edited and never removed, since messages that wait are pinned to it. So a
better wording is a new file.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from zargar.notifications.kinds import Kind, Tone
from zargar.notifications.templates.sources import Source
from zargar.notifications.values import Channel
from zargar.refusals import NotFoundError

_FILE: Final = re.compile(r"([a-z_]+)@([1-9][0-9]*)\.toml")
_ID: Final = re.compile(r"default:([a-z_]+):([a-z]+):([a-z]+)@([1-9][0-9]*)")
_SECTIONS: Final[Mapping[Channel, str]] = {
    Channel.SMS: "sms",
    Channel.EMAIL: "letter",
    Channel.INBOX: "letter",
    Channel.PUSH: "push",
}


class NoSuchTemplateError(NotFoundError):
    """There is no template of this id: no default of this name and version, and no version of this shop."""


def current_default(kind: Kind, channel: Channel, tone: Tone) -> Source:
    """Return the newest default."""
    return _source(kind, channel, tone, max(_versions()[kind]))


def default_of(template_id: str) -> Source:
    """Return the default that an id names, old versions too. Raises `NoSuchTemplateError`."""
    found = _ID.fullmatch(template_id)
    try:
        if found is not None:
            return _source(Kind(found[1]), Channel(found[2]), Tone(found[3]), int(found[4]))
    except (ValueError, KeyError):
        pass  # said below, in the same words as for an id of another shape
    message = f"there is no template {template_id!r}"
    raise NoSuchTemplateError(message)


def is_default(template_id: str) -> bool:
    """Say whether an id is a default's, rather than a shop's."""
    return template_id.startswith("default:")


@cache
def _source(kind: Kind, channel: Channel, tone: Tone, version: int) -> Source:
    text = _versions()[kind][version][_SECTIONS[channel]][tone]
    return Source(
        id=f"default:{kind}:{channel}:{tone}@{version}",
        kind=kind,
        channel=channel,
        subject=text.get("subject", ""),
        text=text["text"],
    )


@cache
def _versions() -> Mapping[Kind, Mapping[int, Mapping[str, Mapping[str, Mapping[str, str]]]]]:
    """Read every file, once in the life of the process."""
    found: dict[Kind, dict[int, Mapping[str, Mapping[str, Mapping[str, str]]]]] = {}
    for file in files(__package__).joinpath("defaults").iterdir():
        named = _FILE.fullmatch(file.name)
        if named is not None:
            found.setdefault(Kind(named[1]), {})[int(named[2])] = tomllib.loads(file.read_text(encoding="utf-8"))
    return found
