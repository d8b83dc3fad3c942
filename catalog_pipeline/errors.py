"""Every error of the project, as one tree. An error carries its evidence as attributes.

    CatalogPipelineError
    ├── UsageError              what was asked for makes no sense
    ├── PageKeyError            a text names no listing page
    ├── CatalogueError          a mistake in a catalogue's YAML
    ├── StorageError            the data folder cannot be written or read
    ├── LeaseLostError          another machine has taken over what this one did
    ├── LoginError              the catalogue's site did not accept the login
    ├── DiscoveryError          the site does not say which listings it has
    ├── WorkerError             a worker process broke: a mistake in the program
    ├── CrawlStoppedError       the crawl gave up: the site is blocked or down
    ├── RunDeletedError         the crawl's run was deleted in Dagster while it went
    ├── TableError              the table cannot be built, or is not what it must be
    ├── ExportError             a table cannot be written in another format
    └── PageError               one listing page could not be had
        ├── FetchError          ... because of the site or the network
        ├── ParseError          ... because of what the page holds
        │   └── NoProductError  ... which is no product
        ├── StoredPageError     ... because its stored file is missing or damaged
        ├── ParseLimitError     ... because reading it took too much time or memory
        └── PoisonousPageError  ... because worker processes died of it

Nothing else belongs here: no messages of a single module, no handling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.pushback import Pushback

if TYPE_CHECKING:
    from catalog_pipeline.catalogue.page_key import PageKey
    from catalog_pipeline.records import FailedAnswer
    from catalog_pipeline.verdict import Verdict


class CatalogPipelineError(Exception):
    """Root of all errors of the project's own; its text is one clear sentence."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (type(self), self.args, vars(self))


def _remade(kind: type[Exception], args: tuple[Any, ...], evidence: dict[str, Any]) -> Exception:
    """The error that another process sent; its arguments were names, which `args` does not keep."""
    error = kind.__new__(kind, *args)
    vars(error).update(evidence)
    return error


class UsageError(CatalogPipelineError):
    """What the user asked for makes no sense: an unknown catalogue, a page that does not exist."""


class CatalogueError(CatalogPipelineError):
    """Mistakes in a catalogue's YAML; most often one.

    `field` is the dotted path of the first one's key in the file, `allowed` says what would have
    been right; `mistakes` has all of them.
    """

    def __init__(self, catalogue: str, field: str, problem: str, allowed: str = "") -> None:
        self._say(catalogue, (Mistake(field, problem, allowed),))

    @classmethod
    def of(cls, catalogue: str, mistakes: Sequence[Mistake]) -> CatalogueError:
        """The error of all mistakes that were found in one YAML."""
        error = cls.__new__(cls)
        error._say(catalogue, tuple(mistakes))
        return error

    def _say(self, catalogue: str, mistakes: tuple[Mistake, ...]) -> None:
        self.catalogue, self.mistakes = catalogue, mistakes
        head = mistakes[0]
        self.field, self.problem, self.allowed = head.place, head.problem, head.allowed
        first, *others = (str(mistake) for mistake in mistakes)
        more = f"\n{len(others)} more:" if others else ""
        listed = "".join(f"\n  {line}" for line in others)
        super().__init__(f"Catalogue {catalogue}, {first}{more}{listed}")

    def __reduce__(self) -> tuple[object, ...]:
        return (CatalogueError.of, (self.catalogue, self.mistakes))


class PageKeyError(CatalogPipelineError):
    """A text that should name a listing page, such as a partition of the event log, names none."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(f"{text!r} names no listing page; a page is written as 17 or phones-1.")


class StorageError(CatalogPipelineError):
    """The data folder cannot be written or read: disk full, read-only, no permission."""


class LeaseLostError(CatalogPipelineError):
    """This machine was not heard of, and `taken_by` another; what it did since is not recorded."""

    taken_by = ""


class LoginError(CatalogPipelineError):
    """The site did not accept the catalogue's login, or could not be asked for one."""


class DiscoveryError(CatalogPipelineError):
    """A site does not say at `url` which listings it has; `may_pass`: it may another time."""

    def __init__(self, problem: str, *, url: str = "", may_pass: bool = False) -> None:
        self.problem, self.url, self.may_pass = problem, url, may_pass
        where = f"{url}: " if url else ""
        super().__init__(f"the listings could not be discovered: {where}{problem}")


class WorkerError(CatalogPipelineError):
    """A worker of the crawl broke or died in a way that nobody foresaw."""


class CrawlStoppedError(CatalogPipelineError):
    """The crawl gave up early because nearly all pages failed; untried pages stay due."""


class RunDeletedError(CatalogPipelineError):
    """The run of a crawl was deleted in Dagster while it went; what it stored is taken up later."""


class TableError(CatalogPipelineError):
    """The table cannot be built, or is refused by its `verdicts`; the one that is there stays."""

    verdicts: Sequence[Verdict] = ()


class ExportError(CatalogPipelineError):
    """A table cannot be exported as it is, because of the value in `column` and `row` (from 1)."""

    def __init__(self, problem: str, *, column: str = "", row: int = 0) -> None:
        self.column, self.row = column, row
        places = (f"row {row:,}" if row else "", f"column {column}" if column else "")
        where = ", ".join(filter(None, places))
        super().__init__(f"{where}: {problem}" if where else problem)


class PageError(CatalogPipelineError):
    """One listing page could not be had. The text names the page, the URL and the cause."""

    kind = "error"
    http_status: int | None = None
    answer: FailedAnswer | None = None
    """What the site answered, as far as it is known."""

    def __init__(self, problem: str, *, page: PageKey | None = None, url: str = "") -> None:
        self.problem, self.page, self.url = problem, page, url
        super().__init__(problem)

    def __str__(self) -> str:
        page = f"page {self.page}" if self.page is not None else ""
        where = " ".join(filter(None, (page, self.url)))
        return f"{where}: {self.problem}" if where else self.problem


class FetchError(PageError):
    """A page could not be downloaded.

    `kind` is a row of the retry table (`catalog_pipeline.fetching.retry_table`), which decides
    whether the page is tried again; `http_status` is set when the site answered.
    `leads_to_listing` says that a redirect led to another page of the listing.
    """

    leads_to_listing = False

    def __init__(
        self, problem: str, *, kind: str, url: str, page: PageKey | None = None,
        http_status: int | None = None, pushback: Pushback | None = None,
    ) -> None:  # fmt: skip
        super().__init__(problem, page=page, url=url)
        self.kind, self.http_status = kind, http_status
        self.pushback = pushback or Pushback()


class ParseError(PageError):
    """A page was downloaded but does not hold what the catalogue's YAML says.

    `position` counts products on the page from 1; `found` is the text that did not fit.
    """

    kind = "parse"

    def __init__(
        self, problem: str, *, url: str = "", page: PageKey | None = None,
        position: int | None = None, field: str | None = None, selector: str | None = None,
        found: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(problem, page=page, url=url)
        self.position, self.field, self.selector, self.found = position, field, selector, found

    def __str__(self) -> str:
        details = [
            f"product {self.position}" if self.position is not None else "",
            f"field {self.field}" if self.field else "",
            f"selector {self.selector!r}" if self.selector else "",
        ]
        where = ", ".join(detail for detail in details if detail)
        found = f" (found: {self.found!r})" if self.found is not None else ""
        head = super().__str__()
        return f"{head} [{where}]{found}" if where else f"{head}{found}"


class NoProductError(ParseError):
    """A page shows no product; `looks_like` is what else it seems to be than one of a listing."""

    kind = "no_product"
    looks_like: str | None = None


class StoredPageError(PageError):
    """A stored page file is missing, cut short or altered."""

    kind = "stored"


class ParseLimitError(PageError):
    """Reading a page took more time or memory than `kind`, a key of `limits`, allows.

    `field`, or another `place` of the YAML, and its `pattern` are what was read, if known.
    """

    def __init__(
        self, problem: str, *, kind: str, page: PageKey | None = None,
        field: str | None = None, pattern: str | None = None, place: str | None = None,
    ) -> None:  # fmt: skip
        read = f"field {field}" if field else place or ""
        known = (read, f"pattern {pattern!r}" if pattern else "")
        where = ", ".join(filter(None, known))
        super().__init__(f"{problem} [{where}]" if where else problem, page=page)
        self.kind, self.field, self.pattern = kind, field, pattern


class PoisonousPageError(PageError):
    """What reads the page breaks, or so many workers died; `status` is the last (< 0: a signal)."""

    kind = "poisonous"

    def __init__(self, problem: str, *, page: PageKey, deaths: int = 0, status: int = 0) -> None:
        super().__init__(problem, page=page)
        self.deaths, self.status = deaths, status
