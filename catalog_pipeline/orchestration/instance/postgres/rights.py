"""Whether the user of a database may do there what Dagster's storage does, found without writing.

For whoever asks before anything is done; what is refused to who does it, `unusable_server` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from catalog_pipeline.orchestration.instance.postgres.lease_table import NAME as LEASES
from catalog_pipeline.orchestration.instance.postgres.others_tables import KEY_COLUMNS
from catalog_pipeline.orchestration.instance.unusable_server import FORBIDDEN, READ_ONLY, refused

_FORBIDDEN = """
SELECT relname::text FROM pg_class
WHERE relname = ANY(%s) AND relkind IN ('r', 'p', 'S') AND pg_table_is_visible(oid)
AND NOT CASE relkind WHEN 'S' THEN has_sequence_privilege(oid, 'USAGE') ELSE
    has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
    AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE') END
ORDER BY relname"""
_MAY_MAKE = """
SELECT to_regclass('runs') IS NOT NULL
OR coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)"""


def check_rights(ask: Callable[[str, Sequence[Any]], Sequence[Sequence[Any]]]) -> None:
    """Look whether the user may write; `ask` gives the rows of a query.

    Raises:
        StorageError: the user may not.
    """
    if ask("SHOW transaction_read_only", ()) == [("on",)]:
        raise refused("it is read-only", READ_ONLY)
    if ask(_MAY_MAKE, ()) != [(True,)]:
        raise refused("its user may make no tables there", FORBIDDEN)
    names = [*KEY_COLUMNS, *(f"{name}_id_seq" for name in KEY_COLUMNS), LEASES]
    if forbidden := [name for (name,) in ask(_FORBIDDEN, (names,))]:
        raise refused(f"its user may not write into {', '.join(forbidden)}", FORBIDDEN)
