"""Reads a table again and again, as a process, until its standard input ends.

Prints how many reads there were and which numbers of rows were seen; ends with 1 at the first
read that fails.
"""

import json
import os
import sys
import threading
import time

import pyarrow.parquet as pq


def main() -> None:
    """Read the table named by the first argument."""
    ended = threading.Event()
    threading.Thread(target=_wait_for_the_end, args=(ended,), daemon=True).start()
    reads, rows = 0, set()
    while not ended.is_set():
        # Given a path, Arrow would open it twice, and perhaps find two tables.
        with open(sys.argv[1], "rb") as file:
            rows.add(pq.read_table(file).num_rows)
        reads += 1
        time.sleep(0.005)
    print(json.dumps({"reads": reads, "rows": sorted(rows)}))
    sys.stdout.flush()
    os._exit(0)


def _wait_for_the_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    main()
