"""Why a request of a person is not carried out: three kinds, each with its exit code and its answer on the web.

Domains subclass them beside the code that raises them; the message names what is wrong, where, and what to do.
"""


class NotFoundError(LookupError):
    """What was named does not exist."""


class RefusedError(Exception):
    """It exists, but its state does not allow that now."""


class InvalidError(ValueError):
    """The request itself is wrong: a name, a figure or a time that cannot be."""
