"""Errors cross a process boundary as they are, with all their evidence."""

import pickle

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import (
    ExportError,
    FetchError,
    LoginError,
    PageError,
    ParseError,
    StorageError,
    StoredPageError,
    WorkerError,
)
from catalog_pipeline.pushback import Pushback

PAGE = PageKey(7, "phones")
URL = "http://shop.example/7"


@pytest.mark.parametrize(
    "error",
    [
        PageError("no", page=PAGE, url=URL),
        FetchError(
            "HTTP 503", kind="status_5xx", url=URL, page=PAGE, http_status=503,
            pushback=Pushback(slow_down=True, retry_after_seconds=7.0),
        ),
        FetchError("no answer", kind="timeout", url=URL),
        ParseError(
            "no number", url=URL, page=PAGE, position=3, field="price", selector="p", found="x"
        ),
        StoredPageError("stored file 7 is missing", page=PAGE),
        LoginError("refused"),
        StorageError("disk full"),
        WorkerError("broke"),
        ExportError("too long", column="title", row=7),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_an_error_is_the_same_on_the_other_side(error: Exception):
    received = pickle.loads(pickle.dumps(error))
    assert type(received) is type(error)
    assert vars(received) == vars(error)
    assert str(received) == str(error)
    assert received.args == error.args
