"""Shapes over pools, futures and timers."""

import threading
from concurrent import futures

from fuzz.crew import LONG, Crew


def _work(number, fails):
    if fails and number % fails == 0:
        raise ValueError(number)
    return number * number


def _told(future):
    if future.cancelled():
        return "cancelled"
    error = future.exception(LONG)
    return f"{type(error).__name__}: {error}" if error else future.result()


def submitting(
    workers=(1, 2, 4), tasks=(1, 10, 40), fails=(0, 2, 3), by=("one", "threads")
):
    """Every task runs once, and its future has its outcome."""
    ran, crew = [], Crew()

    def task(number):
        ran.append(number)
        return _work(number, fails)

    with futures.ThreadPoolExecutor(workers) as pool:
        if by == "one":
            told = [_told(pool.submit(task, number)) for number in range(tasks)]
        else:
            told = []
            for _ in range(2):
                crew.start(lambda: [_told(pool.submit(task, n)) for n in range(tasks)])
            told = crew.join()
    return told, sorted(ran)


def mapping(
    workers=(1, 3),
    tasks=(0, 1, 7, 30),
    fails=(0, 5),
    timeout=(None, LONG),
    close=(0, 1, 3),
):
    """`map` yields results in order up to the first that fails; closing it cancels the others."""
    told = []
    with futures.ThreadPoolExecutor(workers) as pool:
        results = pool.map(_work, range(1, tasks + 1), [fails] * tasks, timeout=timeout)
        try:
            for result in results:
                told.append(result)
                if close and len(told) == close:
                    results.close()
        except ValueError as error:
            told.append(str(error))
    return told


def completing(
    workers=(1, 2, 4),
    tasks=(1, 10, 30),
    fails=(0, 3),
    twice=(True, False),
    timeout=(None, LONG),
):
    """`as_completed` yields each future once, done."""
    with futures.ThreadPoolExecutor(workers) as pool:
        begun = [pool.submit(_work, number, fails) for number in range(tasks)]
        seen = [
            f.done() and _told(f)
            for f in futures.as_completed(begun * (1 + twice), timeout)
        ]
    return sorted(map(str, seen)), len(seen)


def awaiting(
    workers=(1, 2),
    tasks=(1, 6, 20),
    fails=(0, 4),
    when=("FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"),
):
    """A loop of `wait` sees every future once."""
    with futures.ThreadPoolExecutor(workers) as pool:
        left = {pool.submit(_work, number + 1, fails) for number in range(tasks)}
        seen = []
        while left:
            done, left = futures.wait(left, LONG, getattr(futures, when))
            if not done:
                return "waited too long"
            seen += map(_told, done)
    return sorted(map(str, seen))


def settling(
    threads=(1, 2, 4),
    how=("result", "exception", "cancel"),
    waiters=(1, 3),
    callbacks=(0, 1, 4),
):
    """One thread of several settles a future, and all its waiters get the same outcome."""
    future, crew, called, others = futures.Future(), Crew(), [], []
    for number in range(callbacks):
        future.add_done_callback(
            lambda f, number=number: called.append((number, f.done()))
        )

    def settle():
        try:
            if how == "cancel":
                return future.cancel()
            if how == "result":
                future.set_result(1)
            else:
                future.set_exception(KeyError(1))
            return "settled"
        except futures.InvalidStateError:
            return "too late"

    def wait():
        try:
            return future.result(LONG)
        except (KeyError, futures.CancelledError) as error:
            return type(error).__name__

    del others
    for _ in range(waiters):
        crew.start(wait)
    for _ in range(threads):
        crew.start(settle)
    return crew.join(), called, _told(future)


def shutting(workers=(1, 2), tasks=(2, 8), cancel=(True, False), wait=(True, False)):
    """A shutdown lets running tasks end; waiting tasks are cancelled or run."""
    gate, begun = threading.Event(), threading.Semaphore(0)

    def task(number):
        begun.release()
        gate.wait(LONG)
        return number

    pool = futures.ThreadPoolExecutor(workers)
    made = [pool.submit(task, number) for number in range(tasks)]
    for _ in range(min(workers, tasks)):
        begun.acquire(timeout=LONG)
    crew = Crew()
    crew.start(lambda: pool.shutdown(wait, cancel_futures=cancel))
    if not wait:
        crew.join()
    else:
        while not pool._shutdown:
            pass
        while cancel and not all(future.cancelled() for future in made[workers:]):
            pass
    gate.set()
    crew.join()
    try:
        pool.submit(task)
    except RuntimeError as error:
        refused = str(error)
    return [
        _told(future) if not cancel or n < workers else future.cancelled()
        for n, future in enumerate(made)
    ], refused


def initialising(workers=(1, 3), tasks=(1, 5), fails=(True, False)):
    """An initializer that fails breaks the pool for all."""

    def begin():
        begun.append(1)
        if fails:
            raise OSError("no")

    begun = []
    pool = futures.ThreadPoolExecutor(workers, initializer=begin)
    told = set()
    for number in range(tasks):
        try:
            told.add(
                _told(pool.submit(str, number))
                if not fails
                else type(pool.submit(str).exception(LONG)).__name__
            )
        except RuntimeError as error:
            told.add(type(error).__name__)
    pool.shutdown()
    return sorted(told), bool(begun)


def timing(
    timers=(1, 3, 8), cancelled=(0, 1, 2), interval=(0, 0.0005), joins=(True, False)
):
    """Each timer fires once, unless it is cancelled."""
    fired, ends = [], threading.Semaphore(0)

    def fire(number):
        fired.append(number)
        ends.release()

    made = [
        threading.Timer(60 if n < cancelled else interval, fire, [n])
        for n in range(timers)
    ]
    for timer in made:
        timer.start()
    for timer in made[:cancelled]:
        timer.cancel()
    for _ in made[cancelled:]:
        ends.acquire(timeout=LONG)
    if joins:
        for timer in made:
            timer.join(LONG)
        return (
            sorted(fired),
            [timer.is_alive() for timer in made],
            [t.finished.is_set() for t in made],
        )
    return sorted(fired)
