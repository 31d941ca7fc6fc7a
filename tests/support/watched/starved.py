"""A pool whose tasks wait for tasks of the same pool: a crawler of pages and their links."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(4, thread_name_prefix="crawler")
all_began = threading.Barrier(4)


def fetch(link):
    return f"page {link}"


def crawl(page):
    all_began.wait()
    links = [pool.submit(fetch, f"{page}/{number}") for number in range(3)]
    return [link.result() for link in links]


pages = [pool.submit(crawl, page) for page in ("news", "blog", "shop", "about")]
wait = threading.Thread(target=pages[0].result, name="front page", daemon=True)
wait.start()
print("ready", flush=True)
sys.stdin.read()
