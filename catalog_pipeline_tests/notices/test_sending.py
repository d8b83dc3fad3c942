"""What receivers get by the Apprise library, and what is told of those that take nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from catalog_pipeline.notices.addresses import AddressError, address_of
from catalog_pipeline.notices.sending import send
from catalog_pipeline_tests.receivers import Mailbox, Webhook, mailbox, webhook
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

SITE_TEXT = "kettle *b* <b>x</b> [x](http://e.example) _u_ &amp; :smile: \\n %s {a}"
SECRETS = ("a-secret-word", "a-secret-path")


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as found:
        yield found


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as found:
        yield found


def _send(**addresses: str) -> dict[str, str | None]:
    return dict(
        send(addresses, "a title", f"two\n\n{SITE_TEXT}", "0123456789ab", seconds=PATIENCE_SECONDS)
    )


def test_a_webhook_gets_title_text_and_number_as_they_are(hook: Webhook) -> None:
    assert _send(A=hook.url) == {"A": None}
    (body,) = hook.bodies
    assert (body["title"], body["message"]) == ("a title", f"two\n\n{SITE_TEXT}")
    assert hook.headers[0]["Idempotency-Key"] == "0123456789ab"


def test_a_mail_is_plain_text(box: Mailbox) -> None:
    assert _send(A=box.url) == {"A": None}
    (mail,) = box.mails
    assert box.users == ["user"]
    assert mail["Subject"] == "a title"
    assert mail["To"] == "you@shop.example"
    assert mail["Idempotency-Key"] == "0123456789ab"
    assert not any(part.get_content_type() == "text/html" for part in mail.walk())
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n").rstrip("\n") == f"two\n\n{SITE_TEXT}"


def test_a_format_that_an_address_asks_for_gets_the_text_with_its_signs_escaped(
    hook: Webhook,
) -> None:
    assert _send(A=f"{hook.url}&format=html", B=f"{hook.url}&format=markdown") == {
        "A": None,
        "B": None,
    }
    messages = sorted(body["message"] for body in hook.bodies)
    assert any("&lt;b&gt;x&lt;/b&gt;" in message for message in messages)
    assert any("\\*b\\*" in message for message in messages)


@pytest.mark.parametrize("status", [500, 403, 302])
def test_what_is_refused_or_sent_elsewhere_is_told_with_its_status(
    hook: Webhook, status: int
) -> None:
    hook.status = status
    assert _send(A=hook.url) == {"A": f"it was not reached, or did not take it (HTTP {status})"}
    assert len(hook.bodies) == 1, "a redirect is not followed"


def test_an_address_that_is_not_there_or_unknown_is_told_and_the_others_get_theirs(
    hook: Webhook,
) -> None:
    told = _send(
        GONE="json://127.0.0.1:1/a-secret-word", ODD="nothing://a-secret-word", OK=hook.url
    )
    assert told == {
        "GONE": "it was not reached, or did not take it",
        "ODD": "the Apprise library knows no such address",
        "OK": None,
    }


def test_one_that_hangs_holds_up_nobody_and_what_others_took_is_told_before(
    hook: Webhook,
) -> None:
    with webhook() as hanging:
        hanging.status = None
        addresses = {"A_HANGS": hanging.url, "B": hook.url}
        answers = send(addresses, "a title", "a text", "1", seconds=4)
        assert next(answers) == ("B", None)
        assert next(answers) == ("A_HANGS", "it did not answer within 4 s")
        assert list(answers) == []


def test_nothing_of_an_address_is_logged_whatever_is_logged(
    hook: Webhook, box: Mailbox, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.NOTSET)
    logging.getLogger("apprise").setLevel(1)
    hook.status = 500
    told = _send(
        A=hook.url,
        B=box.url,
        C="slack://a-secret-word",
        D="mailto://user:a-secret-word@127.0.0.1:1?mode=insecure",
        E="json://user:a-secret-word@[::bad/",
    )
    logging.getLogger("apprise").setLevel(logging.NOTSET)
    out = capfd.readouterr()
    shown = "\n".join([caplog.text, out.out, out.err, str(told)])
    assert not any(secret in shown for secret in SECRETS)
    assert told["B"] is None
    assert all(told[name] for name in "ACDE")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "  ",
        "you@shop.example",
        "json://a b",
        "json://a json://b",
        "json://a,json://b",
        "syslog://",
        "SYSLOG://a",
        "dbus://",
        "macosx://",
        "windows://",
    ],
)
def test_what_is_no_address_or_of_this_machine_is_refused_without_being_told(address: str) -> None:
    with pytest.raises(AddressError) as told:
        address_of("A", {"A": address})
    assert not address.strip() or address not in str(told.value)


def test_blanks_around_an_address_are_left_off() -> None:
    assert address_of("A", {"A": " json://a \n"}) == "json://a"


def test_files_on_the_disk_are_no_configuration() -> None:
    told = _send(A="file:///etc/hostname", B="config://a", C="include://a", D="python://x")
    assert set(told.values()) == {"the Apprise library knows no such address"}
