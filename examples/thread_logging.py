"""Log lines that say which thread has written them."""

import logging
import sys
from threading import Event, Thread

log = logging.getLogger(__name__)
is_read = Event()


def read() -> None:
    """Read, and complain."""
    log.info("starting")
    log.warning("a page is missing")
    is_read.set()


def write() -> None:
    """Write what was read."""
    is_read.wait()
    log.info("starting")
    log.info("ending")


if __name__ == "__main__":
    logging.basicConfig(
        stream=sys.stdout,
        level=logging.INFO,
        format="%(levelname)7s %(threadName)s: %(message)s",
    )
    threads = [Thread(target=read, name="reader"), Thread(target=write, name="writer")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.info("done")
