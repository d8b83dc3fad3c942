"""Pages in `fixtures/<case>/`: a new case is a new folder with three files, and no code.

`defs.yaml` is a catalogue, `page.html` its page 2, and `products.json` the columns that it gives or
`error.txt` the whole text of its error.
"""

import json
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.files import read_catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.explaining import explain
from catalog_pipeline.reading.html.listing import ListingParser

FIXTURES = Path(__file__).parent / "fixtures"
CASES = sorted(folder.name for folder in FIXTURES.iterdir() if folder.is_dir())
PAGE = 2


@pytest.mark.parametrize("case", CASES)
def test_a_page_gives_exactly_its_products_or_its_error(case):
    folder = FIXTURES / case
    catalogue = read_catalogue(folder / "defs.yaml")
    parser = ListingParser(catalogue)
    url, body = catalogue.page_address(PageKey(PAGE)), (folder / "page.html").read_bytes()
    expected = folder / "products.json"
    if not expected.exists():
        with pytest.raises(ParseError) as caught:
            parser.read(body, url=url, page=PageKey(PAGE), content_type=None)
        assert str(caught.value) == (folder / "error.txt").read_text(encoding="utf-8").strip()
        assert not explain(parser, body, url=url).is_good
        return
    columns = parser.read(body, url=url, page=PageKey(PAGE), content_type=None).columns
    assert tuple(columns) == catalogue.columns
    assert columns == json.loads(expected.read_text(encoding="utf-8"))
    assert explain(parser, body, url=url).is_good
