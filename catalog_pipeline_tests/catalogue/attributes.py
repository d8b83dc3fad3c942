"""The least that a catalogue's YAML must hold, for tests to add to."""

from typing import Any


def attributes(**changes: Any) -> dict[str, Any]:
    """Valid attributes with `changes`; a change to None takes the key out."""
    base = {
        "base_url": "https://shop.example",
        "page_url": "/list?page={page}",
        "last_page": 9,
        "product": ".card",
        "key": "name",
        "fields": {"name": {"select": "h2"}, "price": {"select": ".price", "type": "money"}},
    }
    return {key: value for key, value in {**base, **changes}.items() if value is not None}
