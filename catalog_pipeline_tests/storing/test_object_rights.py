"""What a bucket lets one do is tried, and nothing is left of it."""

from __future__ import annotations

import pytest

from catalog_pipeline.errors import StorageError
from catalog_pipeline.storing.object_rights import try_rights
from catalog_pipeline.storing.objects import Objects
from catalog_pipeline_tests.object_server import Bucket, Gate


def test_a_bucket_in_which_all_may_be_done_is_as_it_was(bucket: Bucket) -> None:
    try_rights(Objects(bucket.address))
    assert bucket.names == set()


@pytest.mark.parametrize(
    ("method", "told"),
    [("PUT", "Cannot write"), ("POST", "Cannot remove"), ("GET", "Cannot list")],
)
def test_a_right_that_lacks_is_named(bucket: Bucket, gate: Gate, method: str, told: str) -> None:
    gate.forbids_method = method
    with pytest.raises(StorageError, match=f"{told} .*rights .*the store says AccessDenied"):
        try_rights(Objects(bucket.address))


def test_a_web_page_is_no_store(bucket: Bucket, gate: Gate) -> None:
    gate.says_always = b"<html><body>Please log in.</body></html>"
    with pytest.raises(StorageError, match=r"AWS_ENDPOINT_URL"):
        try_rights(Objects(bucket.address, patience_seconds=1))
