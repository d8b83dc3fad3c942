"""A catalogue: everything its YAML says, checked, with the URLs of its listing pages.

The attributes of the YAML are `CatalogueAttributes`; a `Catalogue` is those with a name.
Reading files belongs in `catalog_pipeline.catalogue.files`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, PrivateAttr, ValidationInfo, field_validator, model_validator
from pydantic import Field as Bounded

from catalog_pipeline.catalogue.agreement import PARTS, agreed
from catalog_pipeline.catalogue.bounds import (
    BaseUrl,
    Count,
    PageNumber,
    Runs,
    Slug,
    checked_catalogue_name,
)
from catalog_pipeline.catalogue.checks import Checks
from catalog_pipeline.catalogue.discovered import Discover
from catalog_pipeline.catalogue.encodings import checked_encoding
from catalog_pipeline.catalogue.exports import Exports
from catalog_pipeline.catalogue.fields import (
    CurrencyCode,
    Field,
    FieldOrSelectors,
    OneOrMore,
    Selectors,
    StrictModel,
)
from catalog_pipeline.catalogue.history import KeptHistory
from catalog_pipeline.catalogue.length import Length
from catalog_pipeline.catalogue.listing import Listing
from catalog_pipeline.catalogue.listing_attributes import (
    LISTING_COLUMNS,
    Listings,
    PageAddress,
    PageUrls,
)
from catalog_pipeline.catalogue.listing_pages import ListingPages
from catalog_pipeline.catalogue.listings import listing_to_discover, listings_of, says_length
from catalog_pipeline.catalogue.notify import Notify
from catalog_pipeline.catalogue.page_format import Records, check_product
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.parts import (
    PracticeShop,
    Total,
    check_no_columns,
    checked_columns,
    columns_of,
)
from catalog_pipeline.catalogue.politeness import Limits, Login, Politeness
from catalog_pipeline.catalogue.request_values import Cookies, FromEnvironment, Headers
from catalog_pipeline.catalogue.retention import Retention
from catalog_pipeline.catalogue.upkeep import Coverage, DiscardedShare, Duplicates, Schedule
from catalog_pipeline.catalogue.versions import version_of_rows, version_of_table


class CatalogueAttributes(ListingPages, StrictModel):
    """What a catalogue's YAML holds under `attributes`."""

    description: str = ""
    """What the catalogue is, for `list` and the web UI."""
    preset: Literal["shopify", "woocommerce"] | None = None
    """The system of the shop: it gives `page_url`, `pages`, `records`, `key` and `fields` of its
    public products, each of which may be given anew."""
    currency: CurrencyCode | None = None
    """ISO 4217 code of the prices of all fields that say none of their own."""
    base_url: BaseUrl
    """The site's address; the paths of the other keys are below it."""
    mirrors: tuple[BaseUrl, ...] = ()
    """Other and former base URLs of the same site: pages that were fetched there stay done."""
    page_url: PageUrls = ()
    """Template of the URLs of the listing's pages with `{page}`, below `base_url` if it starts with
    /; or the URL of its only page, of the first one of a `linked` listing, or a list of all."""
    listings: Listings = Bounded(default_factory=dict)
    """Several listings by name, each with what it has of its own: `page_url`, or that alone, and
    `last_page`. Names alone are enough where `page_url` holds `{listing}`."""
    discover: Discover | None = None
    """Listings that the site names, instead of `listings`. In `page_url` `{listing_url}` stands for
    the address of one, and `{listing}` for its name in that."""
    first_page_url: PageAddress | None = None
    """URL of the first page, where it is not made from the template."""
    first_page: PageNumber = 1
    """Number of the first listing page; some sites count from 0."""
    pages_: Length | None = Bounded(default=None, alias="pages")
    """How the pages are found, instead of `last_page`: `kind: open` looks for the end, of `told`
    the first page tells it, and of `linked` each page leads to the next one."""
    last_page: PageNumber | None = Bounded(default=None, validate_default=True)
    """Number of the last listing page; else say under `pages` how the pages are found."""
    step: Count | None = None
    """Where `{page}` stands for an offset and not for a page's number: how much it grows by."""
    offset: PageNumber = 0
    """With `step`, the offset of the first page."""
    encoding: Annotated[str, AfterValidator(checked_encoding)] | None = None
    """The pages' charset, such as `windows-1251`, where the site declares a wrong one or none; only
    a byte order mark goes before it."""
    records: Records = Records()
    """What the products of a page are: elements of HTML, or records of JSON."""
    product: Selectors = ()
    """Selector of one product on the page, or several in order of preference; all fields are
    relative to it. Pages of JSON have `records` instead."""
    fields: dict[str, FieldOrSelectors]
    """The columns of the table by name, in this order."""
    key: Annotated[tuple[str, ...], OneOrMore]
    """The field, or fields, that tell products apart: a product that is on two pages is one row."""
    politeness: Politeness = Politeness()
    """How fast, how patiently and as whom the site is crawled."""
    limits: Limits = Limits()
    """How much one answer of the server may be."""
    login: Login | None = None
    """How to log in, where the pages need it. Credentials come from the environment only."""
    headers: Headers = Bounded(default_factory=dict)
    """Headers of the requests for pages; a secret one as `{env: NAME}`, for the site's own host."""
    cookies: Cookies = Bounded(default_factory=dict)
    """Cookies of the requests to the site's own host, until it sets them anew; secret ones as
    `{env: NAME}`."""
    schedule: Schedule | None = None
    """When the catalogue is refreshed."""
    coverage: Coverage = Coverage()
    """How complete and how fresh the pages must be."""
    total: Total | None = None
    """Where the pages say how many products the site has; the table's rows are held against it."""
    duplicates: Duplicates = Duplicates()
    """How many rows may give way to others of the same key."""
    discarded: DiscardedShare = DiscardedShare()
    """How much of what is on the pages may be left out because it cannot be read (`on_invalid`)."""
    history: KeptHistory = None
    """What is kept of the past, beside the table: `true` for all fields, or which of them."""
    retention: Retention = Retention()
    """How long is kept what crawls leave behind."""
    checks: Checks = Checks()
    """What the table must be before it is believed, held against its own past, too."""
    exports: Exports = ()
    """Where the table, or what is kept of its past, is written besides, after each build."""
    notify: Notify | None = None
    """Who is told of what after crawls and builds, by mail, chat or webhook."""
    pages_per_run: Count | None = None
    """Cut a backfill into runs of this many pages; one run for all if not given."""
    runs_at_once: Runs = 1
    """How many runs may crawl the catalogue at once, each other pages: on machines that share an
    instance in PostgreSQL, one on each."""
    key_prefix: Annotated[tuple[Slug, ...], OneOrMore] = ()
    """What the keys of the assets begin with, a slug or several, where they would collide with
    others of the project: `shops` makes them `shops/<catalogue>/product_pages` and
    `shops/<catalogue>/products`. Steps, group, schedule and sensor are named after it, too."""
    owners: tuple[str, ...] = ("team:catalogues",)
    """Owners of the assets: e-mail addresses, or teams as `team:catalogues`."""
    tags: dict[str, str] = Bounded(default_factory=dict)
    """Tags of the assets, besides the project's own."""
    practice_shop: PracticeShop | None = None
    """Serve the pages from the bundled practice shop instead of a site."""
    _listings: tuple[Listing, ...] = PrivateAttr(default=())
    _rule: str | None = PrivateAttr(default=None)
    _found: tuple[PageKey, ...] | None = PrivateAttr(default=None)
    _example: Listing | None = PrivateAttr(default=None)

    @field_validator("mirrors")
    @classmethod
    def _mirrors_are_others(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        own = str(info.data.get("base_url", "")).rstrip("/")
        if own in {url.rstrip("/") for url in value}:
            raise ValueError(f"{own} is base_url itself; mirrors are other base URLs of the site")
        return value

    @field_validator("last_page")
    @classmethod
    def _length_is_said(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is None and not says_length(info.data):
            raise ValueError("it is required, and missing, unless pages says how they are found")
        return value

    @field_validator("fields")
    @classmethod
    def _field_names_are_columns(cls, value: dict[str, Field]) -> dict[str, Field]:
        return checked_columns(value)

    @field_validator(*PARTS)
    @classmethod
    def _agrees_with_the_parts_before(cls, value: Any, info: ValidationInfo) -> Any:
        return agreed(str(info.field_name), value, info.data)

    @model_validator(mode="after")
    def _parts_agree(self) -> CatalogueAttributes:
        self._example = listing_to_discover(self) if self.discover else None
        self._listings = listings_of(self)
        if self.has_named_listings:
            check_no_columns(self.fields, LISTING_COLUMNS)
        check_product(self.product, self.records)
        return self

    @property
    def same_site(self) -> tuple[str, ...]:
        """The base URLs that the YAML says are one site; empty if it names no mirror."""
        named = {url.rstrip("/") for url in (self.base_url, *self.mirrors)}
        return tuple(sorted(named)) if self.mirrors else ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that the fields fill, in the YAML's order."""
        return columns_of(self.fields)

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Columns that identify a product; of a money field its amount and currency."""
        return tuple(c for name in self.key for c in self.fields[name].columns(name))

    def page_address(self, page: PageKey) -> str:
        """The absolute URL of a listing page."""
        return self.absolute(self.page_path(page))

    def page_path(self, page: PageKey) -> str:
        """A listing page as the YAML names it, below `base_url` or with its own host."""
        return self.listing_of(page).page_path(page.number)

    def absolute(self, path_or_url: str) -> str:
        """`path_or_url` below `base_url`, which may have a path of its own (a mirror)."""
        if not path_or_url.startswith("/") and urlsplit(path_or_url).scheme:
            return path_or_url
        return self.base_url.rstrip("/") + "/" + path_or_url.lstrip("/")

    @property
    def is_private(self) -> bool:
        """Whether its pages are shown to who has a secret: by a login, a header or a cookie."""
        sent = (*self.headers.values(), *self.cookies.values())
        return self.login is not None or any(isinstance(each, FromEnvironment) for each in sent)

    @property
    def code_version(self) -> str:
        """Changes exactly when stored pages are to be parsed again."""
        return version_of_rows(self)

    @property
    def table_version(self) -> str:
        """Changes exactly when the same stored pages would make another table."""
        return version_of_table(self)


class Catalogue(CatalogueAttributes):
    """One site's product listing; `name` is its slug, group and folder name."""

    name: Annotated[str, AfterValidator(checked_catalogue_name)]
