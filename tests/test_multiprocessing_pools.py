"""Processes beside threads: started by a pool's workers, awaited by a loop, served by a manager's
threads.
"""

import pytest
from support.beside import both, on_weftline

METHODS = ["fork", "spawn", "forkserver"]
by_each_method = pytest.mark.parametrize("method", METHODS)

BASE = """
import multiprocessing, sys, threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed, wait

def square(n):
    return n * n

def fail(n):
    raise LookupError(n)
"""


@by_each_method
def test_a_worker_of_a_pool_of_threads_starts_processes(tmp_path, method):
    output = both(
        tmp_path,
        BASE
        + """
def tell(sender, n):
    with ThreadPoolExecutor(2) as pool:
        sender.send(sum(pool.map(square, range(n))))

def run(n):
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=tell, args=(sender, n))
    process.start()
    told = receiver.recv()
    process.join()
    return told

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with ThreadPoolExecutor(3) as pool:
        print(*pool.map(run, range(6)))
""",
        method,
    )
    assert output == "0 0 1 5 14 30\n"


@by_each_method
def test_a_process_that_a_worker_has_started_exits_with_its_own_code(tmp_path, method):
    """Up to CPython 3.13 the standard library's forked process does not: at exit it would join its
    own thread.

    One worker, since `Process.start` also polls the processes that other threads join. With the
    fork server, one of the two finds the exit code gone, and returns 255: one process in thirty,
    with three threads on the plain interpreter.
    """
    output = on_weftline(
        tmp_path,
        BASE
        + """
def run(n):
    process = context.Process(target=sys.exit, args=(n,))
    process.start()
    process.join()
    return process.exitcode

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with ThreadPoolExecutor(1) as pool:
        print(*pool.map(run, range(6)))
""",
        method,
    )
    assert output == "0 1 2 3 4 5\n"


@by_each_method
def test_a_pool_of_processes_is_used_by_the_workers_of_a_pool_of_threads(
    tmp_path, method
):
    output = both(
        tmp_path,
        BASE
        + """
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with ProcessPoolExecutor(2, mp_context=context) as processes, ThreadPoolExecutor(4) as threads:
        print(*threads.map(lambda n: processes.submit(square, n).result(), range(12)))
        futures = [pool.submit(square, n) for n in range(6) for pool in (processes, threads)]
        print(sorted(future.result() for future in as_completed(futures)))
        print(type(processes.submit(fail, 1).exception()).__name__)
        done, rest = wait([processes.submit(square, 3), threads.submit(square, 4)])
        print(sorted(future.result() for future in done), rest)
""",
        method,
    )
    assert output.splitlines() == [
        "0 1 4 9 16 25 36 49 64 81 100 121",
        "[0, 0, 1, 1, 4, 4, 9, 9, 16, 16, 25, 25]",
        "LookupError",
        "[9, 16] set()",
    ]


@by_each_method
def test_a_loop_runs_calls_in_a_pool_of_processes(tmp_path, method):
    output = both(
        tmp_path,
        BASE
        + """
import asyncio
async def main(pool):
    loop = asyncio.get_running_loop()
    print(await asyncio.gather(*(loop.run_in_executor(pool, square, n) for n in range(6))))
    # With threads of the loop's own in between.
    print(await asyncio.gather(*(asyncio.to_thread(lambda n=n: pool.submit(square, n).result()) for n in range(6))))
    try:
        await loop.run_in_executor(pool, fail, 2)
    except LookupError as error:
        print("LookupError", *error.args)

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        asyncio.run(main(pool))
""",
        method,
    )
    assert output == "[0, 1, 4, 9, 16, 25]\n" * 2 + "LookupError 2\n"


def test_a_broken_pool_of_processes_fails_every_future(tmp_path):
    output = both(
        tmp_path,
        BASE
        + """
import os
from concurrent.futures.process import BrokenProcessPool
if __name__ == "__main__":
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(square, 1).result()
        lost, told = pool.submit(os._exit, 3), threading.Event()
        lost.add_done_callback(lambda _: told.set())
        with ThreadPoolExecutor(2) as threads:
            errors = threads.map(lambda _: type(lost.exception()).__name__, range(2))
            done, rest = wait([lost])
            told.wait()
            print(*errors, len(done), len(rest))
        try:
            pool.submit(square, 2)
        except BrokenProcessPool:
            print("broken")
""",
    )
    assert output == "BrokenProcessPool BrokenProcessPool 1 0\nbroken\n"


@by_each_method
def test_a_manager_serves_threads_and_processes(tmp_path, method):
    """Its objects are weftline's, in a process of its own with a thread for each client."""
    output = both(
        tmp_path,
        BASE
        + """
def work(lock, event, questions, answers, numbers, barrier, semaphore):
    event.wait()
    with semaphore:
        while (n := questions.get()) is not None:
            with lock:
                numbers[0] += n
            answers.put(n * n)
            questions.task_done()
    barrier.wait()

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with context.Manager() as manager:
        lock, event, numbers = manager.RLock(), manager.Event(), manager.list([0])
        questions, answers, barrier = manager.Queue(4), manager.Queue(), manager.Barrier(5)
        arguments = (lock, event, questions, answers, numbers, barrier, manager.Semaphore(4))
        workers = [make(target=work, args=arguments) for make in (threading.Thread, context.Process) for _ in range(2)]
        for worker in workers:
            worker.start()
        event.set()
        for n in range(40):
            questions.put(n)
        questions.join()
        for _ in workers:
            questions.put(None)
        barrier.wait()
        for worker in workers:
            worker.join()
        print(numbers[0], sum(answers.get() for _ in range(40)), answers.empty())
""",
        method,
    )
    assert output == "780 20540 True\n"


@by_each_method
def test_pools_of_multiprocessing_map(tmp_path, method):
    output = both(
        tmp_path,
        BASE
        + """
from multiprocessing.pool import ThreadPool
def told(pool):
    arrived, errors = threading.Event(), []
    print(pool.map(square, range(5)), list(pool.imap(square, range(5), 2)), sorted(pool.imap_unordered(square, range(5))))
    print(pool.starmap(pow, [(2, 3), (3, 2)]), pool.apply(square, (7,)), end=" ")
    pool.apply_async(fail, (1,), error_callback=lambda error: (errors.append(error), arrived.set()))
    arrived.wait()
    print(type(errors[0]).__name__)

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    for make in (context.Pool, ThreadPool):
        with make(2) as pool:
            told(pool)
            pool.close()
            pool.join()
    with ThreadPoolExecutor(2) as threads, context.Pool(2) as pool:
        print(*threads.map(lambda n: pool.map(square, range(n)), range(4)))
""",
        method,
    )
    squares = "[0, 1, 4, 9, 16]"
    assert output.splitlines() == [
        *(f"{squares} {squares} {squares}", "[8, 9] 49 LookupError") * 2,
        "[] [0] [0, 1] [0, 1, 4]",
    ]


@by_each_method
def test_a_barrier_between_processes_lets_them_pass_together(tmp_path, method):
    output = both(
        tmp_path,
        BASE
        + """
def meet(barrier, counter):
    for n in range(20):
        with counter.get_lock():
            counter.value += 1
        barrier.wait()
        assert counter.value >= 4 * (n + 1)
        barrier.wait()

def abort(barrier):
    barrier.abort()

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    barrier, counter = context.Barrier(4, timeout=30), context.Value("i", 0)
    print(isinstance(barrier, threading.Barrier), barrier.parties)
    workers = [make(target=meet, args=(barrier, counter)) for make in (threading.Thread, context.Process) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(counter.value, barrier.broken, barrier.n_waiting)
    other = context.Process(target=abort, args=(barrier,))
    other.start()
    other.join()
    try:
        barrier.wait()
    except threading.BrokenBarrierError:
        print("broken", barrier.broken)
    barrier.reset()
    print(barrier.broken)
""",
        method,
    )
    assert output == "True 4\n80 False 0\nbroken True\nFalse\n"


@by_each_method
def test_other_programs_are_started_and_read_by_many_threads_at_once(tmp_path, method):
    output = both(
        tmp_path,
        BASE
        + """
import subprocess
def ask(n):
    process = subprocess.Popen([sys.executable, "-c", "print(int(input()) * 2)"], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return int(process.communicate(str(n))[0])

if __name__ == "__main__":
    # The processes first: one that is forked later has copies of the open pipes, which then do not
    # end before it does.
    with multiprocessing.get_context(sys.argv[1]).Pool(1) as processes, ThreadPoolExecutor(4) as pool:
        answers = pool.map(ask, range(8))
        print(processes.apply(ask, (21,)), *answers)
""",
        method,
    )
    assert output == "42 0 2 4 6 8 10 12 14\n"


@by_each_method
def test_a_pool_that_ends_while_a_task_turns_out_not_to_pickle_ends(tmp_path, method):
    """Up to CPython 3.12.7 and 3.13.0 the standard library's waits for ever (gh-125451): it joins
    the feeder and holds the lock that the feeder needs.
    """
    output = on_weftline(
        tmp_path,
        BASE
        + """
popped = threading.Event()

def hold(frame, event, argument):
    # The feeder has removed the task from the pending ones; it reports the failure once the pool is
    # ending.
    if frame.f_code.co_name != "_on_queue_feeder_error":
        return None
    if event == "line" and not pool._pending_work_items:
        popped.set()
        deadline = time.monotonic() + 10
        while not frame.f_locals["self"]._closed and time.monotonic() < deadline:
            time.sleep(0.001)
    return hold

if __name__ == "__main__":
    import time
    context = multiprocessing.get_context(sys.argv[1])
    threading.settrace(hold)
    pool = ProcessPoolExecutor(1, mp_context=context)
    future = pool.submit(lambda: None)
    assert popped.wait(10)
    pool.shutdown()
    print("pickle" in str(future.exception()))
""",
        method,
    )
    assert output == "True\n"
