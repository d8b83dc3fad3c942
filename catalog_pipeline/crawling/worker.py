"""The process in which workers do their tasks: threads around one `PageWorker`.

Started by `catalog_pipeline.crawling.pool` with the number of a socket's descriptor. When the
other end closes, because the crawl ended or its process died, however it died, this process ends
at once: nothing goes on downloading for a dead run.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from multiprocessing.connection import Connection

from catalog_pipeline.crawling import tasks
from catalog_pipeline.crawling.page_work import PageWorker
from catalog_pipeline.errors import LoginError

_SWITCH_SECONDS = 0.0005
"""How long a thread that parses may keep one waiting whose page has come in: Python's usual 5 ms
would cost a site that answers in 100 ms a twentieth of its requests."""


def serve(connection: Connection) -> None:
    """Do tasks until the other end closes, then end the process without further ado."""
    setup: tasks.WorkerSetup = connection.recv()
    sending, receiving = threading.Lock(), threading.Lock()

    def answer(value: tasks.Answer) -> None:
        with sending:
            connection.send(value)

    try:
        worker = PageWorker(setup.catalogue, setup.places, requests=setup.requests)
    except LoginError as error:
        answer(tasks.LoginRefused(str(error)))
        while True:
            connection.recv()

    def work() -> None:
        try:
            while True:
                with receiving:
                    task: tasks.Task | tasks.Hold = connection.recv()
                if isinstance(task, tasks.Hold):
                    worker.hold(task.first_wave)
                else:
                    answer(worker.do(task, answer))
        except (EOFError, OSError):
            _end(0)
        except BaseException:
            traceback.print_exc()
            _end(1)

    # One thread more than tasks come at once: there is always one that would see the other end
    # close.
    crew = [threading.Thread(target=work, daemon=True) for _ in range(setup.threads + 1)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()


def _end(status: int) -> None:
    """End the process at once, whatever its threads are doing."""
    sys.stderr.flush()
    os._exit(status)


def main() -> None:
    """Entry of the process: the descriptor's number is the only argument."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        serve(Connection(int(sys.argv[1])))
    except (EOFError, OSError):
        _end(0)
    except BaseException:
        traceback.print_exc()
        _end(1)


if __name__ == "__main__":
    main()
