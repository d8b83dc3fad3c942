"""What people ask for is written in no place of the project's own files, whatever leads there."""

from pathlib import Path

import pytest

from catalog_pipeline.errors import UsageError
from catalog_pipeline.places import DATA_VARIABLE
from catalog_pipeline.storing.own_files import check_not_own


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with what one catalogue keeps."""
    for part in ("shop/pages/a", "shop/failures", "shop/exports"):
        (tmp_path / "data" / part).mkdir(parents=True)
    return tmp_path / "data"


def _check(data: Path, path: Path) -> None:
    check_not_own(path, {DATA_VARIABLE: str(data)})


@pytest.mark.parametrize(
    "own",
    [
        "products.parquet",
        "history.parquet",
        "changes.parquet",
        "history.kept-3f.parquet",
        ".mark-of-history.parquet",
        "cookies.json",
        "pages/x.csv",
        "pages/a/x.csv",
        "failures/x.html",
    ],
)
def test_own_files_are_refused_by_each_way_that_leads_there(data: Path, own: str) -> None:
    (data.parent / "linked").symlink_to(data)
    (data.parent / "file.csv").symlink_to(data / "shop" / own)
    for path in (
        data / "shop" / own,
        data / "shop" / "exports" / ".." / own,
        data / "another" / own,
        data.parent / "linked" / "shop" / own,
        data.parent / "file.csv",
    ):
        with pytest.raises(UsageError, match=r"keeps files of its own.* as in .*/exports"):
            _check(data, path)


def test_a_folder_that_is_kept_elsewhere_is_as_well(data: Path) -> None:
    (data / "shop").rename(data.parent / "volume")
    (data / "shop").symlink_to(data.parent / "volume")
    for own in ("history.parquet", "pages/x.csv"):
        for path in (data / "shop" / own, data.parent / "volume" / own):
            with pytest.raises(UsageError, match="shop keeps files of its own"):
                _check(data, path)


@pytest.mark.parametrize(
    "path",
    [
        "shop/exports/history.parquet",
        "shop/exports/pages/x.csv",
        "shop/products.csv",
        "shop/report.html",
        "history.parquet",
        "../history.parquet",
        "../pages/x.csv",
    ],
)
def test_what_is_beside_them_is_free(data: Path, path: str) -> None:
    _check(data, data / path)
