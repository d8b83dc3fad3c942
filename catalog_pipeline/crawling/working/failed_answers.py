"""What may be kept of an answer that gave no page: all of it but the secrets of the crawl.

Where it is kept is in `storing/evidence`.
"""

from __future__ import annotations

from dataclasses import replace

from catalog_pipeline.fetching.secrets import HIDDEN, Secrets
from catalog_pipeline.records import FailedAnswer

_SESSION_HEADERS = frozenset({"set-cookie", "set-cookie2"})


def without_secrets(answer: FailedAnswer, secrets: Secrets) -> FailedAnswer:
    """The answer with the values hidden in address, headers and body, and no session in it."""
    return replace(
        answer,
        url=secrets.hide(answer.url),
        headers=tuple(
            (name, HIDDEN if name.lower() in _SESSION_HEADERS else secrets.hide(value))
            for name, value in answer.headers
        ),
        body=_hidden_in_body(answer.body, secrets),
    )


def _hidden_in_body(body: bytes, secrets: Secrets) -> bytes:
    """Whatever its charset: what is no UTF-8 is searched byte by byte."""
    try:
        text, charset = body.decode(), "utf-8"
    except UnicodeDecodeError:
        text, charset = body.decode("latin-1"), "latin-1"
    hidden = secrets.hide(text)
    return body if hidden == text else hidden.replace(HIDDEN, "***").encode(charset)
