"""Which stored pages are not read again, since it would be in vain or cost one more time limit."""

from datetime import datetime, timezone

import dagster as dg

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.metadata import metadata_of_failure
from catalog_pipeline.orchestration.checkpoints.unreadable import read_in_vain, unreadable_pages
from catalog_pipeline.orchestration.names import plain_pages_key
from catalog_pipeline.records import PageFailure
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site


def test_pages_that_todays_yaml_cannot_read_or_that_came_to_a_limit_are_not_read_again(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=6)
    failed = {
        1: ("parse", catalogue.code_version),
        2: ("parse", "older"),
        3: ("status_404_410", None),
        4: ("parse_seconds", None),
        5: ("parse_memory", "older"),
        6: ("poisonous", None),
    }
    for number, (kind, unread_by) in failed.items():
        page, now = PageKey(number), datetime.now(timezone.utc)
        failure = PageFailure(page, "http://x", kind, "no", None, 1, now, unread_by)
        seen = dg.AssetObservation(
            plain_pages_key(NAME), partition=str(page), metadata=metadata_of_failure(failure)
        )
        instance.report_runless_asset_event(seen)
    pages = set(catalogue.pages)
    assert unreadable_pages(instance, catalogue, pages) == set(keys(1))
    assert read_in_vain(instance, catalogue, pages) == set(keys(1, 4, 5, 6))
