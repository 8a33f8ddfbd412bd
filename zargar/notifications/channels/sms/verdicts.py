"""What the end of a call proves about the messages in it: data and pure functions.

A company's own code, in its own shape, decides; without one, only a status of HTTP that says "not accepted" is proof.
A failure of the server itself (500 to 599), a redirect and everything that cannot be read leave the matter open.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Final, NamedTuple, NoReturn, TypeAlias

from zargar.notifications.channels.http import Answer, Lost, NotSent, Reply
from zargar.notifications.ports import Unanswered
from zargar.notifications.values import Outgoing, Refusal, Refused, Unknown, Verdict


class Code(NamedTuple):
    """What a company's code means: the class, and words of ours, in which no number, key or text can be."""

    why: Refusal
    words: str


Codes: TypeAlias = Mapping[int, Code]

UNREACHABLE: Final = "unreachable"
"""The code of a refusal where no connection was made."""
NOT_TRIED: Final = "not tried"
"""The code of a refusal of a message that was not handed over because a call before it failed."""

_STATUSES: Final[Mapping[int, Code]] = {
    HTTPStatus.UNAUTHORIZED: Code(Refusal.ACCOUNT, "the key is not accepted"),
    HTTPStatus.FORBIDDEN: Code(Refusal.ACCOUNT, "forbidden"),
    HTTPStatus.NOT_FOUND: Code(Refusal.OURS, "no such call there"),
    HTTPStatus.METHOD_NOT_ALLOWED: Code(Refusal.OURS, "the wrong method"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Code(Refusal.OURS, "a request that is too large"),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: Code(Refusal.OURS, "the wrong kind of body"),
    HTTPStatus.TOO_MANY_REQUESTS: Code(Refusal.BUSY, "too many calls"),
}


def refused(
    messages: Sequence[Outgoing], code: Code, number: object, *, retry_after: timedelta | None = None
) -> list[Verdict]:
    """Refuse them all by one code; `number` is the company's own, and is stored as text."""
    return [Refused(one.reference, code.why, str(number), code.words, retry_after) for one in messages]


def unknown(messages: Sequence[Outgoing], words: str) -> list[Verdict]:
    """Leave open what became of them all."""
    return [Unknown(one.reference, words) for one in messages]


def unanswered(messages: Sequence[Outgoing], failed: NotSent | Lost) -> list[Verdict]:
    """Judge a call that had no answer: no connection proves that nothing was sent, and nothing else does."""
    if isinstance(failed, NotSent):
        return refused(messages, Code(Refusal.BUSY, f"no connection: {failed.words}"), UNREACHABLE)
    return unknown(messages, failed.words)


def by_status(messages: Sequence[Outgoing], answer: Answer) -> list[Verdict]:
    """Judge an answer that is not in the company's shape, by its status alone."""
    code = _STATUSES.get(answer.status)
    if code is None:
        return unknown(messages, f"an answer that cannot be read (HTTP {answer.status})")
    return refused(messages, code, f"HTTP {answer.status}", retry_after=answer.retry_after)


def disbelieve(what: str, known: Code | None, reply: Reply) -> NoReturn:
    """Raise `Unanswered` for a question without an answer to be believed: the company's code, or how the call ended."""
    ended = f"HTTP {reply.status}, and nothing to be read" if isinstance(reply, Answer) else reply.words
    message = f"{what}: {known.words if known else ended}"
    raise Unanswered(message)
