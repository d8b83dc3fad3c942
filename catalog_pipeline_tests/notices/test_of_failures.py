"""How failed checks become notices."""

from __future__ import annotations

from datetime import datetime, timezone

from catalog_pipeline.notices.of_failures import FailedCheck, notices_of_checks
from catalog_pipeline_tests.tables import shop


def test_what_a_check_says_in_several_lines_is_told_in_one() -> None:
    catalogue = shop.catalogue(notify={"to": "NOTIFY_URL", "rules": "check fails"})
    at = datetime(2026, 3, 1, tzinfo=timezone.utc)
    said = "Column schema changed.\n\nAdded columns: cost"
    (notice,) = notices_of_checks(catalogue, "pages", at, [FailedCheck("column_schema", said)])
    line = notice.text.splitlines()[2]
    assert line == "column_schema: Column schema changed. Added columns: cost"
