"""Lets a worker process do something that is no page of a crawl, watched as it is for pages.

What takes longer, or more memory, to read than a page may is given up; what kills the process is
tried once more. What is done there, and what comes of it, is up to who asks.
"""

from __future__ import annotations

from collections.abc import Callable

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.calls import Call, CallDone, CallFailed, CallWatched
from catalog_pipeline.crawling.ports import Lease
from catalog_pipeline.crawling.scheduling.casualties import how_it_ended
from catalog_pipeline.crawling.workforce import one_reader
from catalog_pipeline.crawling.working.pool import WorkerPool
from catalog_pipeline.errors import ParseError
from catalog_pipeline.places import CataloguePlaces

_SECONDS_BETWEEN_LOOKS = 0.25
_DEATHS = 2


def call_watched(
    call: Call,
    catalogue: Catalogue,
    places: CataloguePlaces,
    lease: Lease | None,
    *,
    must_stop: Callable[[], bool] = lambda: False,
) -> object:
    """What the call gives, in one process that shares the `lease`; None if it was asked to stop.

    Raises:
        ParseLimitError: something took more time or memory to read than a page may.
        ParseError: the processes that did it died.
        CatalogPipelineError: whatever the call raises.
    """
    pool = one_reader(catalogue, places, lease)
    try:
        return _result(pool, call, must_stop)
    finally:
        # It has no page in hand that would have to be stored.
        pool.close(at_once=True)


def _result(pool: WorkerPool, call: Call, must_stop: Callable[[], bool]) -> object:
    deaths = 0
    pool.submit(CallWatched(call))
    while not must_stop():
        for answer in pool.answers(_SECONDS_BETWEEN_LOOKS):
            if isinstance(answer, CallDone):
                return answer.result
            if isinstance(answer, CallFailed | messages.CrawlBroke):
                raise answer.error
            if isinstance(answer, messages.WorkerLost):
                for error in answer.exceeded:
                    raise error
                deaths += 1
                if deaths == _DEATHS:
                    problem = f"{deaths} processes ended while they did it, the last one with "
                    raise ParseError(problem + how_it_ended(answer.status))
                pool.submit(CallWatched(call))
    return None
