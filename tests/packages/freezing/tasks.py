"""The functions of children. They have a module of their own: under cx_Freeze a fork server does
not find functions of the program.
"""

import queue
import threading


def square(number):
    """The square, by way of a timer and a queue; then whether the child is on weftline."""
    import weftline
    import weftline.queue

    jobs = queue.Queue()
    threading.Timer(0, jobs.put, [number]).start()
    return jobs.get() ** 2, weftline.installed(), type(jobs) is weftline.queue.Queue
