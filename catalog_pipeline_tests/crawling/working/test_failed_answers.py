"""No secret of a crawl is in what is kept of a failed answer."""

import pytest

from catalog_pipeline.crawling.working.failed_answers import without_secrets
from catalog_pipeline.fetching.secrets import HIDDEN, Secrets
from catalog_pipeline.records import FailedAnswer

SECRET = "correct-horse-battery"


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251"])
def test_secrets_are_hidden_wherever_the_site_sends_them_back(charset: str):
    answer = FailedAnswer(
        f"https://shop.example/?key={SECRET}",
        403,
        (("X-Echo", f"you sent {SECRET}"), ("Set-Cookie", "sid=1234"), ("Server", "nginx")),
        f"<p>Нет доступа: {SECRET}</p>".encode(charset),
    )
    kept = without_secrets(answer, Secrets([SECRET]))
    assert SECRET not in repr(kept)
    assert kept.body.decode(charset) == "<p>Нет доступа: ***</p>"
    assert kept.headers == (
        ("X-Echo", f"you sent {HIDDEN}"),
        ("Set-Cookie", HIDDEN),
        ("Server", "nginx"),
    )
