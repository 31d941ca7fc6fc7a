"""Shapes over queues."""

import queue
import random
import sys
import threading

from fuzz.crew import LONG, Crew

_KINDS = ("Queue", "LifoQueue", "PriorityQueue", "SimpleQueue")

# Up to 3.12 a timed get of the standard SimpleQueue may lose the wakeup of another getter.
_TIMED = _KINDS if sys.version_info >= (3, 13) else _KINDS[:3]


def _new(kind, size):
    return queue.SimpleQueue() if kind == "SimpleQueue" else getattr(queue, kind)(size)


def carrying(
    kind=_KINDS,
    size=(0, 1, 2, 10),
    producers=(1, 2, 3),
    consumers=(1, 2, 3),
    items=(6, 24),
    way=("block", "timed", "poll"),
):
    """Each item of the producers comes out once, in order where the queue keeps one."""
    line, crew, got = _new(kind, size), Crew(), [[] for _ in range(consumers)]

    def put(me):
        for number in range(items):
            if way == "poll":
                while True:
                    try:
                        line.put_nowait((me, number))
                        break
                    except queue.Full:
                        line.qsize()
            elif way == "timed":
                line.put((me, number), timeout=LONG)
            else:
                line.put((me, number))

    def get(mine):
        for _ in range(producers * items // consumers):
            if way == "poll":
                while True:
                    try:
                        mine.append(line.get_nowait())
                        break
                    except queue.Empty:
                        line.empty()
            else:
                mine.append(line.get(timeout=LONG) if way == "timed" else line.get())

    for me in range(producers):
        crew.start(put, me)
    for mine in got:
        crew.start(get, mine)
    told = crew.join()
    ordered = kind not in ("Queue", "SimpleQueue") or all(
        [n for p, n in mine if p == me] == sorted(n for p, n in mine if p == me)
        for mine in got
        for me in range(producers)
    )
    return told, sorted(item for mine in got for item in mine), ordered, line.qsize()


def finishing(kind=_KINDS[:3], workers=(1, 2, 4), items=(1, 5, 20), joiners=(1, 2)):
    """`join` returns when `task_done` was called for each item, and not before."""
    line, crew, done = _new(kind, 0), Crew(), []

    def work():
        while True:
            item = line.get()
            if item == "stop":
                line.task_done()
                return "stopped"
            done.append(item)
            line.task_done()

    def join():
        line.join()
        return len(done)

    for item in range(items):
        line.put(str(item))
    for _ in range(joiners):
        crew.start(join)
    for _ in range(workers):
        crew.start(work)
    line.join()
    told = len(done)
    for _ in range(workers):
        line.put("stop")
    try:
        return told, crew.join(), line.unfinished_tasks, line.task_done()
    except ValueError as error:
        return told, crew.join(), str(error)


def waiting_in_vain(
    kind=_KINDS, threads=(1, 3), full=(True, False), timeout=(0.0001, 0.001, 0)
):
    """Timeouts end with Empty or Full, and leave no waiter behind."""
    line, crew = _new(kind, 1), Crew()
    if full:
        line.put("a")
    full = full and kind != "SimpleQueue"

    def wait():
        if full:
            line.put("b", timeout=timeout)
        else:
            line.get(timeout=timeout)

    if kind == "SimpleQueue":
        while not line.empty():
            line.get()
    for _ in range(threads):
        crew.start(wait)
    told = crew.join()
    if not full:
        line.put("c")
    return told, line.get(timeout=LONG), line.qsize()


def rebounding(kind=_KINDS, size=(0, 1, 3), threads=(1, 2, 4), times=(5, 30)):
    """Threads put back what they take: the same items are there in the end."""
    line, crew = _new(kind, size), Crew()
    for number in range(min(size, threads) or threads):
        line.put(number)
    before = line.qsize()

    def throw():
        for _ in range(times):
            try:
                item = line.get(timeout=LONG)
            except queue.Empty:
                return "nothing came"
            line.put(item)

    # With a queue as full as it can be, as many threads may take as there are items.
    for _ in range(threads if size == 0 else 1):
        crew.start(throw)
    told = crew.join()
    return told, before, sorted(line.get(False) for _ in range(line.qsize()))


def overriding(
    kind=_KINDS[:3],
    producers=(1, 2),
    consumers=(1, 2),
    items=(4, 12),
    what=("_put", "_get", "both"),
):
    """Overridden methods run under the queue's mutex, once for each item."""
    counts, worst, inside = [0, 0], [0], [0]

    class Own(getattr(queue, kind)):
        def _counted(self, index, call, *arguments):
            inside[0] += 1
            worst[0] = max(worst[0], inside[0])
            counts[index] += 1
            try:
                return call(*arguments)
            finally:
                inside[0] -= 1

        if what != "_get":

            def _put(self, item):
                return self._counted(0, super()._put, item)

        if what != "_put":

            def _get(self):
                return self._counted(1, super()._get)

    line, crew = Own(2), Crew()

    def put():
        for number in range(items * consumers):
            line.put(number)

    def get():
        return sum(line.get(timeout=LONG) >= 0 for _ in range(items * producers))

    for _ in range(producers):
        crew.start(put)
    for _ in range(consumers):
        crew.start(get)
    return crew.join(), counts, worst[0], line.qsize()


def opening(
    kind=_KINDS[:3],
    size=(0, 2),
    threads=(1, 2),
    items=(5, 25),
    reach=("mutex", "queue", "not_empty", "all_tasks_done"),
):
    """A thread uses the queue's parts while others put and get: nothing is lost."""
    line, crew = _new(kind, size), Crew()

    def put():
        for number in range(items):
            line.put(number)

    def get():
        return [line.get(timeout=LONG) for _ in range(items)] and items

    def read():
        thing = getattr(line, reach)
        if reach == "queue":
            with line.mutex:
                return len(thing) >= 0
        with thing:
            return len(line.queue) >= 0

    for _ in range(threads):
        crew.start(put)
        crew.start(get)
        crew.start(read)
    return crew.join(), line.qsize(), line.unfinished_tasks


def ending(kind=_KINDS[:3], getters=(0, 1, 3), putters=(0, 2), immediate=(True, False)):
    """A shutdown ends every wait."""
    if sys.version_info < (3, 13):
        return None
    line, crew = _new(kind, 1), Crew()
    if putters and not getters:
        line.put("first")

    ready = threading.Semaphore(0)

    def get():
        ready.release()
        return line.get()

    def put():
        ready.release()
        line.put("x")

    started = [*[get] * getters] or [put] * putters
    for function in started:
        crew.start(function)
    for _ in started:
        ready.acquire(timeout=LONG)
    line.shutdown(immediate)
    told = crew.join()
    try:
        line.put(1)
    except queue.ShutDown:
        told.append("shut")
    return told, line.qsize(), line.is_shutdown, line.unfinished_tasks


def dabbling(
    seed=(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), kind=_TIMED, threads=(2, 3), times=(10, 30)
):
    """Random calls that never wait for long: the items that went in are those that came out or
    remain.
    """
    line, crew = _new(kind, 3), Crew()
    put, got = [[] for _ in range(threads)], [[] for _ in range(threads)]

    def work(me):
        choose = random.Random(seed * 10 + me)
        for number in range(times):
            what = choose.randrange(6)
            try:
                if what < 2:
                    line.put((me, number), what == 0, 0.0002)
                    put[me].append((me, number))
                elif what == 2:
                    got[me].append(line.get(timeout=0.0002))
                elif what == 3:
                    got[me].append(line.get_nowait())
                elif what == 4:
                    line.qsize()
                    line.empty()
                else:
                    line.put_nowait((me, -number))
                    put[me].append((me, -number))
            except (queue.Empty, queue.Full):
                pass

    for me in range(threads):
        crew.start(work, me)
    told = crew.join()
    left = [line.get(False) for _ in range(line.qsize())]
    return told, sorted(i for p in put for i in p) == sorted(
        [*left, *(i for g in got for i in g)]
    )
