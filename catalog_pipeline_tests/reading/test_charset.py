"""Which charset wins, and what happens to bytes that do not fit it."""

import codecs

import pytest

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.charset import to_utf8

TEXT = "<p>Café</p>"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (TEXT.encode(), None),
        (TEXT.encode(), "text/html"),
        (TEXT.encode(), "text/html; charset=UTF-8"),
        (TEXT.encode("latin-1"), "text/html;charset=iso-8859-1"),
        (TEXT.encode("latin-1"), 'text/html; charset="ISO-8859-1"; x=y'),
        (codecs.BOM_UTF8 + TEXT.encode(), "text/html; charset=iso-8859-1"),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "text/html; charset=utf-8"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), None),
        ("<p>Ca\0fé</p>".encode(), None),
    ],
)
def test_a_page_becomes_utf_8(body, content_type):
    assert to_utf8(body, content_type).decode() == TEXT


@pytest.mark.parametrize(
    ("meta", "encoding"),
    [
        ("<meta charset=windows-1252>", "cp1252"),
        ("<META CHARSET='iso-8859-2'>", "iso-8859-2"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS">', "cp932"),
        ("<!-- <meta charset=koi8-r> --><meta charset=gb2312>", "gbk"),
        ('<meta name="note" content="our charset=koi8-r"><meta charset=utf-8>', "utf-8"),
        ("<meta charset=utf-16>", "utf-8"),
        (" " * 1100 + "<meta charset=koi8-r>", "utf-8"),
    ],
)
def test_a_meta_counts_where_browsers_take_it(meta, encoding):
    page = meta + "<p>é</p>"
    if encoding == "cp932":
        page = meta + "<p>日本</p>"
    assert to_utf8(page.encode(encoding), "text/html").decode() == page


def test_the_header_goes_before_the_meta():
    page = "<meta charset=koi8-r><p>é</p>"
    assert to_utf8(page.encode(), "text/html; charset=utf-8").decode() == page


@pytest.mark.parametrize(
    ("body", "content_type", "problem"),
    [
        (b"abc\xe9", None, r"byte 3 \(0xe9\) is not valid utf-8"),
        (codecs.BOM_UTF8 + b"abc\xe9", None, r"byte 6 \(0xe9\)"),
        (b"abc\x81", "text/html; charset=latin1", r"byte 3 \(0x81\) is not valid .*HTTP header"),
        (b"<meta charset=ascii>\x81", None, "<meta>"),
        (b"abc", "text/html; charset=klingon", "unknown charset, from the HTTP header"),
        (b"abc", "text/html; charset=rot13", "unknown charset"),
        (b"\xed\xa0\x80", None, "byte 0"),
    ],
)
def test_bytes_that_do_not_fit_are_reported_and_not_replaced(body, content_type, problem):
    with pytest.raises(ParseError, match=problem):
        to_utf8(body, content_type)
