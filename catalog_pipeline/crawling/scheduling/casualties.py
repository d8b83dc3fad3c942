"""Workers that died: which page is to blame, which goes back to the queue, and when it is enough.

A page that was being read when its worker died is a suspect: it is tried once more, alone in a
process, so that it takes nothing else with it and nothing else can be blamed. A page that was only
on its way is no suspect, unless that happens to it again and again.
"""

from __future__ import annotations

import signal
from collections import Counter

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling import messages
from catalog_pipeline.errors import PageError, PoisonousPageError, WorkerError

DEATHS_OF_A_READ_PAGE = 2
DEATHS_THAT_MAKE_A_SUSPECT = 3
DEATHS_OF_A_LONE_PAGE = 3
DEATHS_IN_A_ROW = 10
"""So many workers may die without one page between them; then the crawl ends."""


class Casualties:
    """Counts the deaths of one crawl."""

    def __init__(self) -> None:
        self._in_hand: Counter[PageKey] = Counter()
        self._read: Counter[PageKey] = Counter()
        self._alone: Counter[PageKey] = Counter()
        self._in_a_row = 0

    def page_settled(self) -> None:
        """A page was stored or given up: the crawl gets on."""
        self._in_a_row = 0

    def worker_died(self, lost: messages.WorkerLost) -> None:
        """Count a death.

        Raises:
            WorkerError: too many workers have died without a page between them.
        """
        if lost.exceeded:
            # It was ended on purpose, because of a page that is given up for that.
            return
        self._in_a_row += 1
        if self._in_a_row >= DEATHS_IN_A_ROW:
            raise WorkerError(
                f"{self._in_a_row} worker processes of the crawl ended one after another without "
                f"a page between them, the last one with {how_it_ended(lost.status)}."
            )
        if not lost.tells_of_pages:
            return
        pages = [task.page for task in lost.tasks if messages.is_page(task)]
        if len(pages) == 1 and self.is_suspect(pages[0]):
            self._alone[pages[0]] += 1
        self._in_hand.update(pages)
        self._read.update(lost.reading)

    def verdict(self, page: PageKey, lost: messages.WorkerLost) -> PageError | None:
        """Why a page that the worker had is given up; None if it goes back to the queue."""
        for error in lost.exceeded:
            if error.page == page:
                return error
        deaths = self._in_hand[page]
        if self._read[page] >= DEATHS_OF_A_READ_PAGE:
            what = f"{self._read[page]} worker processes ended while they were reading it"
        elif self._alone[page] >= DEATHS_OF_A_LONE_PAGE:
            what = f"{self._alone[page]} worker processes ended that had nothing else in hand"
        else:
            return None
        problem = f"{what}, the last one with {how_it_ended(lost.status)}"
        if page in lost.places:
            problem += f" at {lost.places[page]}"
        return PoisonousPageError(problem, page=page, deaths=deaths, status=lost.status)

    def is_suspect(self, page: PageKey) -> bool:
        """Whether the page is to be alone with the next worker."""
        return self._read[page] > 0 or self._in_hand[page] >= DEATHS_THAT_MAKE_A_SUSPECT


def how_it_ended(status: int) -> str:
    """The end of a process in words; `status` is as `subprocess` has it."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"
