"""What is said of a PostgreSQL server that cannot be used, without Dagster and without a driver."""

from __future__ import annotations

from catalog_pipeline.errors import StorageError

READ_ONLY, FORBIDDEN = "25006", "42501"
"""The server's codes of what may not be written at all, and not by its user."""
_NOT_AS_MADE = (
    "A table of Dagster's is gone, or is not as Dagster made it. Put the database back from its "
    "backup, or let dagster.yaml and its variables name an empty one"
)
_ADVICE = {
    READ_ONLY: "The database can only be read: let dagster.yaml name the primary server, or let "
    "the database be written",
    "42P01": _NOT_AS_MADE,
    "42703": _NOT_AS_MADE,
    FORBIDDEN: "Let its owner GRANT CREATE, USAGE ON SCHEMA public, GRANT ALL ON ALL TABLES IN "
    "SCHEMA public and GRANT ALL ON ALL SEQUENCES IN SCHEMA public to the user of dagster.yaml, "
    "who makes tables there and writes into all of them",
}
"""What to do about a refusal, by the server's code for it."""
_USUAL = (
    "Nothing recorded is lost; run again once the server is there, and takes the user, password "
    "and database that dagster.yaml and its variables name"
)


def unusable_server(error: BaseException) -> StorageError:
    """The error of a driver in a sentence."""
    lines = str(error).split("\nLINE ")[0]
    told = " ".join(lines.split()) or type(error).__name__
    return refused(told.rstrip(".?"), getattr(error, "pgcode", None))


def refused(told: str, code: str | None) -> StorageError:
    """What was refused, or is going to be, with what to do about it by the server's code."""
    advice = _ADVICE.get(code or "", _USUAL)
    return StorageError(f"Cannot use Dagster's storage in PostgreSQL: {told}. {advice}.")


def check_encoding(encoding: str) -> None:
    """Look whether a database can hold every text.

    Raises:
        StorageError: it cannot.
    """
    if encoding != "UTF8":
        raise StorageError(
            f"Cannot use Dagster's storage in PostgreSQL: the database has the encoding "
            f"{encoding}, in which not every text of a shop can be written. Make one for it: "
            f"createdb --encoding UTF8 --template template0 NAME."
        )
