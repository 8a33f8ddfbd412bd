"""Start Django for one command, as the app's role or the owner's."""

import os


def django(*, as_owner: bool = False) -> None:
    """Set Django up. With `as_owner` this process connects as `zargar_owner`, for commands that change schemas."""
    if as_owner:
        os.environ["ZARGAR_DATABASE_ROLE"] = "owner"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zargar.settings.embedded")

    import django as framework  # noqa: PLC0415 -- the role above must be known first

    framework.setup()

    from django.conf import settings  # noqa: PLC0415 -- as above

    from zargar import logs  # noqa: PLC0415 -- `--help` need not wait for it

    logs.configure(as_json=settings.LOG_JSON, level="WARNING")
