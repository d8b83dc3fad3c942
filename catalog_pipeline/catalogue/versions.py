"""What of a catalogue's YAML makes rows and tables what they are, as short texts to compare.

Pages that were stored under another version are parsed again, a table of another one is rebuilt.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from catalog_pipeline.catalogue.listing_attributes import LISTING_COLUMNS
from catalog_pipeline.catalogue.politeness import FormLogin

if TYPE_CHECKING:
    from catalog_pipeline.catalogue.fields import Selectors
    from catalog_pipeline.catalogue.model import CatalogueAttributes

_PARSER_REVISION = 5
"""Raised whenever the same page and YAML would give other rows than before."""


def version_of_rows(catalogue: CatalogueAttributes) -> str:
    """Changes exactly when stored pages are to be parsed again."""
    records, total = catalogue.records, catalogue.total
    described = {
        "revision": _PARSER_REVISION,
        "encoding": catalogue.encoding,
        "product": catalogue.product,
        **({"records": records.model_dump()} if records.is_json else {}),
        **({"telling": tellings} if (tellings := catalogue.tellings_in_bodies) else {}),
        **({"total": total.model_dump()} if total else {}),
        **({"logged_in": signs} if (signs := _signs_of_session(catalogue)) else {}),
        "fields": {
            name: field.model_dump(exclude_defaults=True)
            for name, field in catalogue.fields.items()
        },
    }
    return fingerprint(described)


def _signs_of_session(catalogue: CatalogueAttributes) -> Selectors | None:
    login = catalogue.login
    return login.logged_in if isinstance(login, FormLogin) else None


def version_of_table(catalogue: CatalogueAttributes) -> str:
    """Changes exactly when the same stored pages would make another table."""
    with_listings = LISTING_COLUMNS if catalogue.has_named_listings else ()
    kept = [catalogue.history.model_dump(mode="json")] if catalogue.history else []
    rows = version_of_rows(catalogue)
    return fingerprint([rows, catalogue.key, list(catalogue.fields), *with_listings, *kept])


def fingerprint(described: object) -> str:
    """A short text that differs for values that differ, in every process the same."""
    text = json.dumps(described, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
