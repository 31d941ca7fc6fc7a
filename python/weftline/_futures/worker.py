"""The loop of a pool's worker. It is in Python, so no Rust frame lies under code of the program."""

from concurrent.futures import _base as standard_base
from concurrent.futures import thread as standard

from weftline import _weftline

_Tasks = _weftline._Tasks

# `_shutdown` of the standard module is read from its dictionary. An attribute's name stays in the
# interpreter's cache, and 3.12 shows a leftover error of its own at exit if it finds this one
# there.
standard_names = vars(standard)


def work(executor_reference, work_queue, initializer, initargs, context=()):
    """The loop of each thread of a pool: makes calls until no more can come.

    context: the worker's, in a tuple, for resolved tasks and for work items that a program has
    created itself; empty if the version has none.
    """
    if initializer is not None:
        try:
            initializer(*initargs)
        except BaseException:  # noqa: BLE001 - any exception is reported to the pool
            standard_base.LOGGER.critical("Exception in initializer:", exc_info=True)
            executor = executor_reference()
            if executor is not None:
                executor._initializer_failed()
            return
    try:
        outcome = [None]
        tasks = _Tasks(work_queue, outcome, *context)
        while True:
            task = tasks.next()
            if task is None and _is_over(executor_reference, work_queue):
                return
            while type(task) is tuple:
                function, args, kwargs = task
                # While this thread waits, or makes a call, it keeps no reference to the call.
                task = None
                has_raised = False
                try:
                    outcome[0] = (
                        function(*args, **kwargs) if kwargs else function(*args)
                    )
                except BaseException as error:  # noqa: BLE001 - it is the future's
                    outcome[0] = error
                    has_raised = True
                function = args = kwargs = None
                task = tasks.end(has_raised)
                if task is True:
                    # An outcome without another owner is dropped here. That may take time, and may
                    # even wait for another call.
                    outcome[0] = None
                    task = tasks.go_on()
            if task is not None:
                # A work item that a program has created itself.
                task.run(*context)
                task = None
                work_queue.worker_is_free()
    except BaseException:  # noqa: BLE001 - as in the standard class
        standard_base.LOGGER.critical("Exception in worker", exc_info=True)
    finally:
        for one in context:
            one.finalize()


def _is_over(executor_reference, work_queue):
    """Whether a worker that was woken without a task ends. If so, the next worker is woken, too."""
    executor = executor_reference()
    if not (standard_names["_shutdown"] or executor is None or executor._shutdown):
        return False
    if executor is not None:
        executor._shutdown = True
    work_queue.put(None)
    return True


work.__name__ = work.__qualname__ = "_worker"
work.__module__ = standard.__name__
