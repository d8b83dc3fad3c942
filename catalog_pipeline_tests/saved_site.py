"""Saved pages of a real site, served on loopback at the addresses that they had there."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SAVED = Path(__file__).parents[2] / "shared" / "catalogues"

needs_saved_pages = pytest.mark.skipif(
    not SAVED.is_dir(), reason="the saved pages (../shared/catalogues) are not there"
)


@contextmanager
def served_files(files: Mapping[str, Path]) -> Iterator[str]:
    """Serve each file at its path, all other paths as 404; yields the base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # A head and a body in two packets would each wait for the other's acknowledgement.
        wbufsize = -1

        def do_GET(self) -> None:
            path = files.get(self.path)
            body = path.read_bytes() if path else b"not here"
            self.send_response(200 if path else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
