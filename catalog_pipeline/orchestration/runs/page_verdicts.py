"""What the pages of a catalogue are like, as a crawl leaves them: one verdict for each check.

Values in, sentences and numbers out. When they are asked for, and what is recorded of them, is in
`page_checks`; what the table is like is judged in `tables.quality`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.crawling.repeats import signs_of
from catalog_pipeline.records import PageFailure, StoredPage
from catalog_pipeline.verdict import Verdict
from catalog_pipeline.wording import counted

NOT_FAILED = "pages_have_not_failed"
NO_REPEATS = "pages_repeat_no_other"
NOT_EMPTY = "pages_have_products"
DESCRIPTIONS = {
    NOT_FAILED: "Every page that was asked for has come, or as many as the YAML demands.",
    NO_REPEATS: "No page shows exactly the products of another page of its listing.",
    NOT_EMPTY: "Every page that is done has products, not all of them were left out.",
}
ALL_KNOWN = "pages_are_all_known"
ALL_KNOWN_DESCRIPTION = (
    "The last crawl that looked for pages came to the end of each listing, and none had lost more "
    "pages than `shrink` allows."
)
PAGE_CHECKS = frozenset({*DESCRIPTIONS, ALL_KNOWN})
"""The checks that are of the pages, and not of the table."""
_MOST_EXAMPLES = 20
_NOT_COME_TO = "not come to"
_LONGEST_LIST = 200


def not_failed(
    catalogue: Catalogue,
    failed: Collection[PageKey],
    failures: Mapping[PageKey, PageFailure],
    reason: str = "its run ended before it came to it",
) -> Verdict:
    """Whether as few pages have failed as may; `reason` is why those without a failure did."""
    may = float(catalogue.checks.failed_pages or 0)
    share = len(failed) / max(len(catalogue.pages), 1)
    kinds = Counter(_kind(failures.get(page)) for page in failed)
    told = f"{counted(len(failed), 'page')} of {len(catalogue.pages):,} failed"
    if failed:
        why = ", ".join(f"{kind}: {number:,}" for kind, number in kinds.most_common())
        told += f" ({why})"
    if catalogue.checks.failed_pages is not None and share > may:
        told += f", more than the {100 * may:.4g}% that checks.failed_pages allows"
    return Verdict(
        NOT_FAILED,
        share <= may,
        told,
        {"pages": len(catalogue.pages), "failed": len(failed), "by_kind": dict(kinds)},
        {"share": may},
        [
            {"page": str(page), "reason": failures[page].message if page in failures else reason}
            for page in sorted(failed)[:_MOST_EXAMPLES]
        ],
        is_demanded=catalogue.checks.failed_pages is not None,
    )


def no_repeats(
    done: Mapping[PageKey, StoredPage], failures: Mapping[PageKey, PageFailure]
) -> Verdict:
    """Whether no page repeats another: those that were refused for it, and those that are done."""
    firsts: dict[tuple[str | None, str], PageKey] = {}
    examples = {
        page: {"page": str(page), "reason": failure.message}
        for page, failure in failures.items()
        if failure.kind == "repeats"
    }
    for page in sorted(done):
        signs = signs_of(done[page].record)
        first = min((firsts.setdefault(sign, page) for sign in signs), default=page)
        if first < page:
            examples[page] = {"page": str(page), "reason": f"it has the products of page {first}"}
    named = format_pages(sorted(examples))[:_LONGEST_LIST]
    told = f"pages {named} show the products of other pages" if examples else "all pages differ"
    seen = {"pages": len(done), "repeats": len(examples)}
    shown_examples = [examples[page] for page in sorted(examples)[:_MOST_EXAMPLES]]
    return Verdict(
        NO_REPEATS, not examples, told, seen, {"repeats": 0}, shown_examples, is_demanded=False
    )


def not_empty(done: Mapping[PageKey, StoredPage]) -> Verdict:
    """Whether all done pages have products."""
    empty = sorted(page for page, stored in done.items() if not stored.record.rows)
    named = format_pages(empty)[:_LONGEST_LIST]
    told = f"pages {named} have no products" if empty else "all pages have products"
    examples = [
        {"page": str(page), "reason": _why_empty(done[page])} for page in empty[:_MOST_EXAMPLES]
    ]
    seen = {"pages": len(done), "empty": len(empty)}
    return Verdict(NOT_EMPTY, not empty, told, seen, {"empty": 0}, examples, is_demanded=False)


def all_known(problems: Sequence[str]) -> Verdict:
    """Whether a crawl that looked for pages knows them all."""
    told = "the end of each listing is known"
    if problems:
        told = f"its pages are not all known: {problems[0]}"
    examples = [{"problem": each} for each in problems[:_MOST_EXAMPLES]]
    seen, allowed = {"problems": len(problems)}, {"problems": 0}
    return Verdict(ALL_KNOWN, not problems, told, seen, allowed, examples)


def _kind(failure: PageFailure | None) -> str:
    if failure is None:
        return _NOT_COME_TO
    is_status = failure.http_status is not None and failure.http_status >= HTTPStatus.BAD_REQUEST
    return f"status {failure.http_status}" if is_status else failure.kind


def _why_empty(stored: StoredPage) -> str:
    lost = stored.record.notes.rows if stored.record.notes is not None else 0
    if not lost:
        return "it shows none"
    return f"{counted(lost, 'product')} left out, as they could not be read"
