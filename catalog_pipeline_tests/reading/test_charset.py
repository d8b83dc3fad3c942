"""Which charset wins, and what happens to bytes that do not fit it."""

import codecs
import time

import pytest

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.charset import charset_of, to_utf8

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
        (" " * 1100 + "<meta charset=iso-8859-2>", "iso-8859-2"),
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
        (b"abc\xe9", "text/html; charset=klingon", r"byte 3 .* default, as neither header"),
        (b"abc\xe9", "text/html; charset=rot13", r"byte 3 .* default, as neither header"),
        (b"\xed\xa0\x80", None, "byte 0"),
    ],
)
def test_bytes_that_do_not_fit_are_reported_and_not_replaced(body, content_type, problem):
    with pytest.raises(ParseError, match=problem):
        to_utf8(body, content_type)


@pytest.mark.parametrize(
    ("label", "octets", "text"),
    [
        ("euc-jp", b"\xad\xa1\xad\xe2", "①№"),
        ("euc-jp", b"\xf9\xa1\xfc\xf1", "纊ⅰ"),
        ("euc-jp", b"\xa1\xc1\xa1\xdd\xa1\xf1", "\uff5e\uff0d\uffe0"),
        ("euc-jp", b"\x8f\xb0\xa1\x8e\xb1", "丂\uff71"),
        ("gb2312", "镕".encode("gbk") + "\U00020000".encode("gb18030"), "镕\U00020000"),
        ("gbk", b"\x80\xc4\xe3", "€你"),
        ("gb18030", b"\x80", "€"),
        ("euc-kr", "똠".encode("cp949"), "똠"),
        ("big5", b"\x87\x40", "䏰"),
        ("big5", b"\xa3\xe1\xa1\x45\xa2\x44", "€\u2027\uffe5"),
        ("koi8-u", b"\xae\xbe", "ўЎ"),
        ("gbk", b"\xa6\xd9\xa8\xbc\xfe\x59", "\ufe10ḿ龴"),
        ("iso-2022-jp", b"\x1b$B\x2d\x21\x46\x7c\x1b(B<b>", "①日<b>"),
        ("iso-2022-jp", b"\x1b(J\\\x1b(I1\x1b(B.", "¥\uff71."),
        ("x-sjis", "①".encode("cp932"), "①"),
        ("utf-16", "<é>".encode("utf-16-le"), "<é>"),
        ("unicode-1-1-utf-8", "é".encode(), "é"),
    ],
)
def test_bytes_mean_what_they_mean_to_browsers(label, octets, text):
    assert to_utf8(octets, f"text/html; charset={label}").decode() == text


@pytest.mark.parametrize(
    ("label", "octets", "place"),
    [
        ("euc-jp", b"ab\xa9\xa1", 2),
        ("euc-jp", b"abc\xad", 3),
        ("gbk", b"a\xff", 1),
        ("shift_jis", b"\x83\x65\xa0", 2),
        ("shift_jis", b"a\xfd", 1),
        ("big5", b"a\xa3\xe2", 1),
        ("iso-2022-jp", b"ab\xa4", 2),
        ("iso-2022-jp", b"\x1b$B\x29\x21", 3),
    ],
)
def test_bytes_that_browsers_cannot_read_either_are_reported_with_their_place(label, octets, place):
    with pytest.raises(ParseError, match=rf"byte {place} .* is not valid {label}"):
        to_utf8(octets, f"text/html; charset={label}")


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"<meta charset=klingon><meta charset=koi8-r>", "koi8-r"),
        (b"<meta content='text/html; charset=koi8-r' http-equiv=CONTENT-TYPE>", "koi8-r"),
        (b"<meta content='charset=koi8-r'>", "utf-8"),
        (b'<meta charset="koi8-r" charset=utf-8>', "koi8-r"),
        (b"<a title='<meta charset=utf-8>'><meta charset=koi8-r>", "koi8-r"),
        (b"<!-- > <meta charset=utf-8> --><meta charset=koi8-r>", "koi8-r"),
        (b"<!--><meta charset=koi8-r>", "koi8-r"),
        (b"</meta charset=utf-8><meta charset=koi8-r>", "koi8-r"),
        (b"<?meta charset=utf-8><meta charset=koi8-r>", "koi8-r"),
        (b"<metal charset=utf-8><meta/charset=koi8-r>", "koi8-r"),
        (b"<meta charset=x-user-defined>", "windows-1252"),
        (b"<?xml version='1.0' encoding='koi8-r'?>", "koi8-r"),
        (b"<?xml version='1.0' encoding='koi8-r'?><meta charset=windows-1251>", "windows-1251"),
        (b"<?xml version='1.0' encoding='utf-16'?>", "utf-8"),
        (b" <?xml version='1.0' encoding='koi8-r'?>", "utf-8"),
        ("<?xml version='1.0'?>".encode("utf-16-le"), "utf-16le"),
        ("<?xml version='1.0'?>".encode("utf-16-be"), "utf-16be"),
        (b" " * 3000 + b"<meta charset=koi8-r>", "koi8-r"),
        (b" " * 1020 + b"<meta charset=koi8-r>", "koi8-r"),
        (b" " * 2000 + b"<meta charset=klingon><meta charset=koi8-r>", "koi8-r"),
        (b" " * 2000 + b"<script>'<meta charset=koi8-r>'</script>", "utf-8"),
        (b" " * 2000 + b"<!--<meta charset=koi8-r>-->", "utf-8"),
        (b" " * 2000 + b"<title><meta charset=utf-8></title><meta charset=koi8-r>", "koi8-r"),
        (b"<meta charset='koi8-r", "utf-8"),
        (b"<meta charset=>", "utf-8"),
        (b"<meta", "utf-8"),
    ],
)
def test_a_page_declares_its_charset_as_the_standard_reads_it(head, name):
    assert charset_of(head, "text/html").name == name


@pytest.mark.parametrize("label", ["hz-gb-2312", "ISO-2022-KR", "iso-2022-cn", "replacement"])
@pytest.mark.parametrize("by", ["header", "meta"])
def test_a_charset_in_which_browsers_show_no_page_is_an_error_until_the_yaml_names_another(
    label, by
):
    head, header = (b"", label) if by == "header" else (f"<meta charset={label}>".encode(), "none")
    body = head + b"<meta charset=koi8-r>~{VPND~}"
    with pytest.raises(ParseError, match=rf"{label}.*browsers refuse to read; declare `encoding`"):
        charset_of(body, f"text/html; charset={header}")
    assert charset_of(body, f"text/html; charset={header}", "gbk").name == "gbk"


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("text/html; charset=klingon", "koi8-r"),
        ("text/html; charset=none", "koi8-r"),
        ("text/html; charset=", "koi8-r"),
        ("text/html charset=utf-8", "koi8-r"),
        ('text/html; charset=" windows-1251 "', "windows-1251"),
        ("text/html; charset=windows-1251, text/html; charset=windows-1250", "windows-1250"),
        (None, "koi8-r"),
    ],
)
def test_a_header_counts_if_its_label_is_known(content_type, name):
    assert charset_of(b"<meta charset=koi8-r>", content_type).name == name


def test_the_yaml_overrules_what_the_site_declares_but_no_byte_order_mark():
    page = "<meta charset=utf-8>Привет"
    body = page.encode("cp1251")
    assert to_utf8(body, "text/html; charset=utf-8", "windows-1251").decode() == page
    marked = codecs.BOM_UTF8 + page.encode()
    assert to_utf8(marked, None, "windows-1251").decode() == page


@pytest.mark.parametrize(
    ("body", "content_type", "encoding"),
    [
        ("<html><p>x</p>".encode("utf-16-le"), None, "utf-16le"),
        ("<html><p>x</p>".encode("utf-16-be"), "text/html; charset=iso-8859-1", "utf-16be"),
        ("<!doctype html><p>日".encode("utf-16-le"), "text/html; charset=gbk", "utf-16le"),
        (b"<p>" + "日本".encode("iso-2022-jp"), None, "iso-2022-jp"),
        (b"<p>" + "日本".encode("iso-2022-jp"), "text/html; charset=shift_jis", "iso-2022-jp"),
        (b"<p>x", "text/html; charset=utf-16", "utf-8"),
    ],
)
def test_bytes_that_only_look_like_text_are_an_error_until_the_yaml_says_what_they_are(
    body, content_type, encoding
):
    with pytest.raises(ParseError, match="declare `encoding`"):
        to_utf8(body, content_type)
    text = to_utf8(body, content_type, encoding).decode()
    assert "\0" not in text
    assert "\x1b" not in text
    assert "<" in text


def test_iso_2022_jp_that_is_declared_late_is_read():
    page = " " * 2000 + "<p>日本</p><meta charset=iso-2022-jp>"
    assert to_utf8(page.encode("iso-2022-jp"), "text/html").decode() == page


@pytest.mark.parametrize(
    "page",
    [
        "<meta " * 100_000,
        "<meta charset" * 50_000,
        "<meta x>" * 50_000,
        "<meta http-equiv=content-type content='" + "charset=" * 50_000 + "'>",
        "<script>" * 50_000,
        "<!--" * 100_000,
        "<a b='" * 100_000,
    ],
    ids=lambda page: page[:30],
)
def test_a_page_of_unfinished_tags_is_searched_in_time_of_its_length(page):
    started = time.process_time()
    assert charset_of(b" " * 1024 + page.encode(), None).name == "utf-8"
    assert time.process_time() - started < 5


def test_a_meta_far_down_that_follows_others_is_found():
    page = " " * 1024 + "<meta x><meta y='>'>charset<META name=a charset=koi8-r>"
    assert charset_of(page.encode(), None).name == "koi8-r"
