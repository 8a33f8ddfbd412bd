"""Write to the audit. Call it inside the transaction of the act, so that neither exists without the other."""

from zargar.audit.models import AuditRecord
from zargar.outcomes import JSON
from zargar.refusals import InvalidError


def record(*, actor: str, action: str, subject: str, reason: str, before: JSON = None, after: JSON = None) -> None:
    """Add one act. `action` is noun.verb (`schedule.pause`); `before` and `after` hold ids and states, no secrets.

    Raises `InvalidError` when the reason is blank: an act without a why is refused everywhere, not only in the CLI.
    """
    if not reason.strip():
        message = f"{action} on {subject} needs a reason: say why, in a sentence"
        raise InvalidError(message)
    AuditRecord.objects.create(actor=actor, action=action, subject=subject, reason=reason, before=before, after=after)


def newest(*actions: str) -> str | None:
    """Return which of these was done last; None where none of them ever was."""
    found: str | None = AuditRecord.objects.filter(action__in=actions).values_list("action", flat=True).first()
    return found
