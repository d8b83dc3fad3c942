"""That the search for garbage is put off, and comes back."""

from __future__ import annotations

import gc

import pytest

from catalog_pipeline.system.collections_of_garbage import without_collections


def test_no_garbage_is_looked_for_within_the_block_and_it_is_again_after_it() -> None:
    assert gc.isenabled()
    with without_collections():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_looked_for_again_after_an_error() -> None:
    with pytest.raises(ValueError, match="mine"), without_collections():
        raise ValueError("mine")
    assert gc.isenabled()


def test_what_was_off_before_stays_off() -> None:
    gc.disable()
    try:
        with without_collections():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
