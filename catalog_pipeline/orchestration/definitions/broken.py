"""What Dagster is shown of a catalogue whose YAML cannot be used: its assets, and the sentence.

One mistake takes one catalogue out, not the code location with all others. The assets keep their
keys, so that their history stays in sight; materializing them fails with what is wrong.
"""

import hashlib
import logging
import os
import re

import dagster as dg

from catalog_pipeline.catalogue.bounds import CATALOGUE_NAME_PATTERN
from catalog_pipeline.errors import CatalogPipelineError
from catalog_pipeline.orchestration.names import CATALOGUE_TAG, plain_pages_key, plain_products_key
from catalog_pipeline.showing import as_line, as_lines

_IS_VALIDATED_VARIABLE = "DAGSTER_IS_DEFS_VALIDATION_CLI"
"""Set by `dg check defs` and `dagster definitions validate`."""
_WORD = re.compile(r"[A-Za-z0-9_]+")


def mistakes_are_fatal() -> bool:
    """Whether the definitions are only loaded to see if there is a mistake in them."""
    return bool(os.environ.get(_IS_VALIDATED_VARIABLE))


def broken_definitions(
    name: str, error: CatalogPipelineError, key_prefix: tuple[str, ...] = ()
) -> dg.Definitions:
    """Assets that fail with the sentence; it is logged, too."""
    logging.getLogger("dagster").error("Catalogue %s is left out. %s", name, error)
    return dg.Definitions(assets=[_failing_assets(name, str(error), key_prefix)])


def _failing_assets(name: str, sentence: str, key_prefix: tuple[str, ...]) -> dg.AssetsDefinition:
    qualified = "__".join([*key_prefix, name])
    step = f"{qualified}_cannot_be_used"
    if not _WORD.fullmatch(qualified):
        # What is left of `a-b` and `a b` is one and the same.
        mark = hashlib.sha256(qualified.encode("utf-8", "surrogateescape")).hexdigest()[:8]
        step = f"{re.sub(r'[^A-Za-z0-9_]', '_', qualified)}_{mark}_cannot_be_used"
    pages, products = (
        key.with_prefix(key_prefix) for key in (plain_pages_key(name), plain_products_key(name))
    )
    is_usable_name = CATALOGUE_NAME_PATTERN.fullmatch(name) is not None
    # Named here, since Dagster makes names of keys, and takes letters of ASCII alone in them.
    outs = {
        part: dg.AssetOut(
            key=key,
            group_name=qualified if is_usable_name else None,
            tags={CATALOGUE_TAG: name} if is_usable_name else {},
            kinds={"broken"},
            description=_description(sentence),
            is_required=False,
        )
        for part, key in (("product_pages", pages), ("products", products))
    }

    @dg.multi_asset(
        name=step,
        outs=outs,
        internal_asset_deps={"product_pages": set(), "products": {pages}},
        can_subset=True,
    )
    def cannot_be_used() -> dg.MaterializeResult:
        raise dg.Failure(as_lines(sentence), allow_retries=False)

    return cannot_be_used


def _description(sentence: str) -> str:
    # Code within the text, since the web UI does not wrap blocks of it.
    shown = "\n\n".join(_as_code(as_line(line.strip())) for line in sentence.splitlines())
    return (
        f"**This catalogue cannot be used: there is a mistake in its YAML.** Mend it and reload "
        f"the definitions; what was crawled stays.\n\n{shown}"
    )


def _as_code(line: str) -> str:
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    return f"{fence} {line} {fence}"
