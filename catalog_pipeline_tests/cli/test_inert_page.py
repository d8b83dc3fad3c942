"""A page of a site as `show --open` gives it to a browser."""

from catalog_pipeline.cli.inert_page import inert_page


def test_the_page_is_text_of_an_attribute_whatever_is_in_it():
    hostile = b"\"></iframe><script>alert(1)</script>'&quot;"
    made = inert_page(hostile, "text/html", None, "<b>\x1b").decode()
    assert "<script" not in made
    assert made.count("</iframe>") == 1
    assert "&quot;&gt;&lt;/iframe&gt;&lt;script&gt;" in made
    assert r"<title>&lt;b&gt;\x1b</title>" in made


def test_the_page_is_read_in_its_charset_and_shown_all_the_same_if_that_cannot_be():
    cyrillic = "чай".encode("windows-1251")
    assert "чай" in inert_page(cyrillic, "text/html; charset=windows-1251", None, "").decode()
    assert "чай" in inert_page(cyrillic, None, "windows-1251", "").decode()
    assert "a\ufffdb" in inert_page(b"a\xffb", "text/html; charset=utf-8", None, "").decode()
