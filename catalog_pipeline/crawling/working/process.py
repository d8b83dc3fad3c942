"""The process in which workers do their tasks: threads around one `PageWorker`.

Started by `starting` with the number of a socket's descriptor, or forked of a `template`. When the
other end closes, because the crawl ended or its process died, however it died, no request is sent
any more. Pages that were asked for are stored within a few seconds, so that the next crawl need
not download them again, and the process ends.
"""

from __future__ import annotations

import os
import select
import sys
import threading
import time
import traceback
from contextlib import nullcontext, suppress
from multiprocessing.connection import Connection

from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.working.page_worker import PageWorker
from catalog_pipeline.crawling.working.reading_board import ReadingBoard
from catalog_pipeline.crawling.working.request_slots import HeldWaves, RequestSlots
from catalog_pipeline.crawling.working.template import connection_of_fork
from catalog_pipeline.errors import LoginError
from catalog_pipeline.showing import as_lines

_SWITCH_SECONDS = 0.0005
"""How long a thread that parses may keep one waiting whose page has come in: Python's usual 5 ms
would cost a site that answers in 100 ms a twentieth of its requests."""

_FINISH_SECONDS = 5.0
"""How long pages that were asked for may take after the scheduler has gone."""

_SECONDS_BETWEEN_BEATS = 0.5


class _UnderWay:
    """Context manager that counts the pages that are being fetched, parsed or stored."""

    def __init__(self) -> None:
        self._count = 0
        self._change = threading.Condition()

    def __enter__(self) -> None:
        with self._change:
            self._count += 1

    def __exit__(self, *error: object) -> None:
        with self._change:
            self._count -= 1
            self._change.notify_all()

    def wait_until_none(self, seconds: float) -> None:
        """Wait until all are done, or for that time."""
        with self._change:
            self._change.wait_for(lambda: self._count == 0, seconds)


def serve(connection: Connection) -> None:
    """Do tasks until the other end closes, then end the process without further ado."""
    setup: messages.WorkerSetup = connection.recv()
    sending, receiving = threading.Lock(), threading.Lock()

    def answer(value: messages.Answer) -> None:
        with sending:
            connection.send(value)

    def require_scheduler() -> None:
        # Unread tasks hide the end of the stream from whoever reads it, not from this.
        poller = select.poll()
        poller.register(connection.fileno(), getattr(select, "POLLRDHUP", select.POLLHUP))
        if poller.poll(0):
            raise EOFError("the scheduler has gone")

    board = ReadingBoard.of(setup.reading_board, setup.threads + 1)
    threading.Thread(target=_show_life, args=[board], daemon=True).start()
    slots = RequestSlots(setup.requests, HeldWaves(setup.held_waves))
    try:
        worker = PageWorker(
            setup.catalogue,
            setup.places,
            slots=slots,
            board=board,
            before_request=require_scheduler,
            asks=setup.asks,
        )
    except LoginError as error:
        answer(messages.CrawlBroke(error))
        while True:
            connection.recv()

    def tell(news: messages.News) -> None:
        with suppress(OSError):
            answer(news)

    under_way = _UnderWay()

    def work() -> None:
        try:
            while True:
                with receiving:
                    task: messages.Task = connection.recv()
                is_page = messages.is_page(task)
                if is_page:
                    board.page_begins()
                with under_way if is_page else nullcontext():
                    done = worker.do(task, tell)
                answer(done)
        except (EOFError, OSError):
            under_way.wait_until_none(_FINISH_SECONDS)
            _end(0)
        except BaseException:
            print(as_lines(traceback.format_exc()), file=sys.stderr)
            _end(1)

    # One thread more than tasks come at once: there is always one that would see the other end
    # close.
    threads = [threading.Thread(target=work, daemon=True) for _ in range(setup.threads + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _show_life(board: ReadingBoard) -> None:
    while True:
        board.beat()
        time.sleep(_SECONDS_BETWEEN_BEATS)


def _end(status: int) -> None:
    """End the process at once, whatever its threads are doing."""
    sys.stderr.flush()
    os._exit(status)


def main() -> None:
    """Entry of the process: the descriptor's number is the last argument.

    With another one before it the process is the template of workers.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        *is_template, number = sys.argv[1:]
        descriptor = connection_of_fork(int(number)) if is_template else int(number)
        serve(Connection(descriptor))
    except (EOFError, OSError):
        _end(0)
    except BaseException:
        print(as_lines(traceback.format_exc()), file=sys.stderr)
        _end(1)


if __name__ == "__main__":
    main()
