"""A pool of threads that fetches pages: results in the order asked for, one at a time as they
arrive, and one that fails.

The pages come from a server that the program starts for itself.
"""

from concurrent.futures import ThreadPoolExecutor, as_completed
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.error import HTTPError
from urllib.request import urlopen

PAGES = {f"/page/{number}": "x" * (100 * number) for number in range(1, 6)}


class Handler(BaseHTTPRequestHandler):
    """Serves the pages above and says nothing about it."""

    def do_GET(self):
        """Answer one request."""
        page = PAGES.get(self.path)
        if page is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, format, *arguments):
        """Keep quiet."""


def fetch(address: str) -> str:
    """Fetch a page and return its text."""
    with urlopen(address, timeout=30) as answer:
        return answer.read().decode()


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_address[1]}"
        with ThreadPoolExecutor(3, thread_name_prefix="fetch") as pool:
            first = pool.submit(fetch, f"{root}/page/1")
            print("the first page has", len(first.result()), "letters")

            lengths = pool.map(len, pool.map(fetch, [root + path for path in PAGES]))
            print("in order:", *lengths)

            futures = {pool.submit(fetch, root + path): path for path in PAGES}
            arrived = {futures[future] for future in as_completed(futures)}
            print("as they arrive:", len(arrived), "pages")

            missing = pool.submit(fetch, f"{root}/page/none")
            error = missing.exception()
            assert isinstance(error, HTTPError)
            print("a page that is not there:", error.code)
            error.close()
        server.shutdown()
