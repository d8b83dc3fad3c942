"""What there is of a page on the disk: stored, failed with an answer last, or saved by somebody.

For `show` and `try`; whether a page counts as done is told by `status`.
"""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.doneness import is_ahead
from catalog_pipeline.errors import CatalogPipelineError, StoredPageError, UsageError
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.records import FailedAnswer, Response, Validators
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.page_file import PageFile
from catalog_pipeline.storing.page_files import missing
from catalog_pipeline.storing.store import Store
from catalog_pipeline.storing.stores import evidence_of, page_store


def kept_of(catalogue: Catalogue, page: PageKey) -> tuple[FailedAnswer | None, PageFile | None]:
    """The page's last failed answer, if it is not older than its newest stored file, and that file;
    None for what there is not.

    Raises:
        StoredPageError: its file is damaged, or gone though the page is done.
        UsageError: nothing was ever stored of it.
    """
    places = catalogue_places(catalogue.name)
    try:
        stored = _newest(page_store(places), page)
    except StoredPageError as error:
        raise _with_advice(catalogue, error) from error
    since = stored.record.fetched_at if stored is not None else None
    if since is not None and is_ahead(since, datetime.now(timezone.utc)):
        # Of that page's age nothing is known.
        since = None
    failed = evidence_of(places).read(page, since=since)
    if failed is None and stored is None:
        raise _nothing_kept(catalogue, page)
    return failed, stored


def _newest(store: Store, page: PageKey) -> PageFile | None:
    name = store.newest().get(page)
    if name is None:
        return None
    found = store.recognise(name)
    return store.read(page, found.file_name, found.sha256)


def _nothing_kept(catalogue: Catalogue, page: PageKey) -> CatalogPipelineError:
    """That no crawl has stored a page, or that its file is gone though it is done."""
    from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints
    from catalog_pipeline.orchestration.instance.asking import ask

    checkpoint = ask(lambda source: read_checkpoints(source, catalogue, [page])).get(page)
    if checkpoint is None:
        return UsageError(f"{catalogue.name}: nothing is stored of page {page}.")
    return _with_advice(catalogue, missing(page, checkpoint.file_name))


def _with_advice(catalogue: Catalogue, error: StoredPageError) -> StoredPageError:
    """What is wrong with a file, where it is, and what to do."""
    places = catalogue_places(catalogue.name)
    problem = (
        f"{error.problem} (in {places.told(places.pages)}); catalog-pipeline run "
        f"{catalogue.name} downloads the page again."
    )
    return StoredPageError(problem, page=error.page)


def saved_response(catalogue: Catalogue, page: PageKey, path: Path) -> Response:
    """What a saved page, or a page file, would have been as an answer of the site.

    Raises:
        UsageError: it is too large.
        StoredPageError: it is a page file, and damaged.
    """
    with path.open("rb") as file:
        content = file.read(catalogue.limits.max_decoded_bytes + 1)
    if len(content) > catalogue.limits.max_decoded_bytes:
        raise UsageError(f"{path} is larger than limits.max_decoded_bytes of {catalogue.name}.")
    if page_file.is_page_file(content):
        kept = page_file.decode(content, page=page, name=path.name)
        return _not_fetched(kept.record.url, kept.record.content_type, kept.body)
    return _not_fetched(catalogue.page_address(page), None, content)


def stored_response(catalogue: Catalogue, page: PageKey) -> Response:
    """What the site answered last for the page, if that was no page, or else the stored page.

    Raises:
        UsageError: there is neither.
        StoredPageError: the stored page is damaged, or gone.
    """
    failed, came = kept_of(catalogue, page)
    if failed is not None and failed.body:
        types = [value for name, value in failed.headers if name.lower() == "content-type"]
        return _not_fetched(failed.url, types[0] if types else None, failed.body)
    if came is None:
        raise _nothing_kept(catalogue, page)
    return _not_fetched(came.record.url, came.record.content_type, came.body)


def _not_fetched(url: str, content_type: str | None, body: bytes) -> Response:
    return Response(
        url=url,
        status=200,
        content_type=content_type,
        validators=Validators(),
        body=body,
        wire_bytes=len(body),
        fetch_seconds=0.0,
    )
