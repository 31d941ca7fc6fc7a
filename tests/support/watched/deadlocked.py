"""A bank whose transfers take two locks in the order of their arguments, and idle workers."""

import queue
import sys
import threading
import time

from weftline import watch

LOCKS = {name: threading.Lock() for name in ("alice", "bob")}
for name, lock in LOCKS.items():
    watch.name(lock, f"account of {name}")
both = threading.Barrier(2)
jobs = queue.Queue()
watch.name(jobs, "jobs")


def transfer(source, target):
    with LOCKS[source]:
        both.wait()
        with LOCKS[target]:
            print("transferred")


def audit():
    time.sleep(0.2)
    with LOCKS["alice"]:
        print("audited")


def work():
    while True:
        jobs.get()()


def start(name, function, *arguments):
    thread = threading.Thread(target=function, args=arguments, name=name, daemon=True)
    thread.start()
    return thread


first = start("to Bob", transfer, "alice", "bob")
start("to Alice", transfer, "bob", "alice")
start("audit", audit)
for number in range(8):
    start(f"worker-{number}", work)
print("ready", flush=True)
if "--wait" in sys.argv:
    first.join()
else:
    sys.stdin.read()
