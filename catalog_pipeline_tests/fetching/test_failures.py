import logging

import pytest

from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.retry_table import is_retried
from catalog_pipeline_tests.fetching.raw_server import (
    Script,
    Visit,
    catalogue_at,
    page,
    raw_server,
    sends,
)


@pytest.mark.parametrize(
    "script",
    [
        lambda visit: visit.send(visit.head.encode("latin-1")),
        lambda visit: visit.send(b"HTTP/1.1 200 OK\r\n" + visit.head.encode("latin-1")),
        lambda visit: visit.send(
            page(b"", f"Location: http://u:{_secrets(visit)}@h/?{_secrets(visit)}", status="302 F")
        ),
        lambda visit: visit.send(page(b"", f"Content-Encoding: {_secrets(visit)}")),
        lambda visit: visit.send(page(b"", f"Content-Type: {_secrets(visit)}")),
        lambda visit: visit.send(page(b"", status=f"401 {_secrets(visit)}")),
        lambda visit: visit.send(page(b"", f"Content-Length: {_secrets(visit)}")),
    ],
    ids=["echo", "as headers", "location", "encoding", "type", "reason", "length"],
)
def test_a_server_that_sends_our_secrets_back_gets_them_into_no_message_or_log(
    script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def then_hang_up(visit: Visit) -> None:
        script(visit)
        visit.hang_up = True

    with raw_server(then_hang_up) as server:
        exchange = Exchange(catalogue_at(server.url), authorization="Bearer s3cret")
        with pytest.raises(FetchError) as caught:
            exchange.get(f"{server.url}/p")
    assert "s3cret" in server.heads[0]
    error: BaseException | None = caught.value
    assert "s3cret" not in str(error) + repr(vars(error)) + caplog.text
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def _secrets(visit: Visit) -> str:
    return visit.header("Authorization") or ""


@pytest.mark.parametrize("header", ["Bearer s3cret\r\nX: y", "Bearer s3cret\u20ac"])
def test_a_credential_that_no_header_can_carry_is_refused_without_showing_it(header: str) -> None:
    with raw_server(sends(page())) as server:
        exchange = Exchange(catalogue_at(server.url), authorization=header)
        with pytest.raises(FetchError) as caught:
            exchange.get(server.url)
    assert "s3cret" not in str(caught.value)
    assert not is_retried(caught.value.kind)
