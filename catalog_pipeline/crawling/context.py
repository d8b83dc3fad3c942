"""What whoever starts a crawl brings to it, as one value that signatures show.

A run of the web UI brings no more than who serves the practice shop. The command line holds the
catalogue's lock already, shows the progress, and may have started the workers. What a crawl is to
do is not here (`crawl.CrawlJob`), nor what it records with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling.ports import Lease, Observer, Pace
from catalog_pipeline.crawling.workforce import Workforce

Serve: TypeAlias = Callable[[Catalogue], AbstractContextManager[Catalogue]]
"""Sees to it that a catalogue's site is there, and gives the catalogue with its address."""


@contextmanager
def at_its_own_address(catalogue: Catalogue) -> Iterator[Catalogue]:
    """The catalogue as it is: its site is served by somebody else."""
    yield catalogue


@dataclass(frozen=True)
class CrawlContext:
    """`lease` is the catalogue's lock, if it is held already; `workforce` are the workers, if they
    were started before it was known what is due; `pace` is that of all machines that ask the
    site."""

    serve: Serve = at_its_own_address
    observer: Observer = field(default_factory=Observer)
    lease: Lease | None = None
    workforce: Workforce | None = None
    pace: Pace | None = None

    def fence(self, act: Callable[[], None]) -> None:
        """A `Fence`: that of the lease, if there is one."""
        if self.lease is None:
            act()
        else:
            self.lease.record(act)
