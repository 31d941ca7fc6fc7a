"""Threads, queues, timers and pools of every kind; with arguments, the command `weftline`.

A string names the command's module, so no tool sees the import.
"""

import importlib
import multiprocessing
import sys

from tasks import square


def by_name():
    """The modules of weftline, imported by name."""
    import weftline.concurrent.futures as futures  # noqa: PLR0402 - one more form that is to be found
    import weftline.queue as queue  # noqa: PLR0402
    import weftline.threading as threading  # noqa: PLR0402

    jobs, results = queue.Queue(), queue.PriorityQueue()

    def work():
        while True:
            try:
                job = jobs.get()
            except queue.ShutDown:
                return
            results.put(job * job)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for number in range(10):
        jobs.put(number)
    jobs.shutdown()
    for worker in workers:
        worker.join()
    print([results.get() for _ in range(10)])
    done = threading.Event()
    threading.Timer(0.001, done.set).start()
    print(done.wait(30), threading.Barrier(1).wait())
    with futures.ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(pow, number, 2) for number in range(5)]
        print(sorted(call.result() for call in futures.as_completed(calls)))


def in_their_place():
    """The standard modules, once weftline is installed, and children on weftline."""
    import weftline

    weftline.install()
    import queue
    import threading
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

    print(weftline.installed(), queue.LifoQueue is weftline.queue.LifoQueue)
    print(threading.Event is weftline.threading.Event)
    with ThreadPoolExecutor(2) as pool:
        print(list(pool.map(abs, range(-3, 3))))
    for method in ("spawn", "forkserver", "fork"):
        context = multiprocessing.get_context(method)
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            print(method, list(pool.map(square, range(3))), flush=True)
        with context.Pool(1) as pool:
            print(method, pool.map(square, range(3)), flush=True)


if __name__ == "__main__":
    multiprocessing.freeze_support()
    if len(sys.argv) > 1:
        sys.exit(importlib.import_module("weftline.cli").main(sys.argv[1:]))
    by_name()
    in_their_place()
