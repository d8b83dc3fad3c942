"""Pages by their numbers; helpers, no tests."""

from catalog_pipeline.catalogue.page_key import PageKey


def keys(*numbers: int) -> list[PageKey]:
    """The pages of those numbers of a nameless listing."""
    return [PageKey(number) for number in numbers]
