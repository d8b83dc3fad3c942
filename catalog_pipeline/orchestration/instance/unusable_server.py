"""What is said of a PostgreSQL server that cannot be used, without Dagster and without a driver."""

from __future__ import annotations

from catalog_pipeline.errors import StorageError


def unusable_server(error: BaseException) -> StorageError:
    """The error of a driver in a sentence."""
    told = " ".join(str(error).split()) or type(error).__name__
    return StorageError(
        f"Cannot use Dagster's storage in PostgreSQL: {told.rstrip('.')}. Nothing recorded is "
        f"lost; run again once the server is there, and takes the user, password and database "
        f"that dagster.yaml and its variables name."
    )
