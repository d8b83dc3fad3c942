"""What tells whether two listing pages show the same products: a hash of their keys.

Prices and stock may change between two looks, and so may the order; the products are the same by
what the YAML says tells them apart. Which pages are compared belongs in `crawling.repeats`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from catalog_pipeline.records import Columns


def products_hash(columns: Columns, key_columns: Sequence[str]) -> str | None:
    """The hash; None where no product of the page has a part of its key.

    Two hashes are comparable only if the key has the same columns, which are part of it.
    """
    keys = zip(*(columns[name] for name in key_columns), strict=True)
    known = sorted(
        msgspec.json.encode(key) for key in keys if any(part is not None for part in key)
    )
    if not known:
        return None
    digest = hashlib.sha256(msgspec.json.encode(list(key_columns)))
    for key in known:
        digest.update(b"\n" + key)
    return digest.hexdigest()[:16]
