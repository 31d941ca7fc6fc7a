"""Children of multiprocessing that report whether they are on weftline."""

METHODS = ["fork", "spawn", "forkserver"]

# `look` reports the classes of a process: those in the modules, and those that the program took
# when it was imported.
LOOK = """
import concurrent.futures, multiprocessing, os, queue, sys, threading, warnings
from concurrent.futures import ProcessPoolExecutor
from queue import Queue
from threading import Lock

warnings.simplefilter("ignore", DeprecationWarning)

def look(*_):
    mine = (threading.Lock, threading.Event, queue.Queue, queue.SimpleQueue, concurrent.futures.ThreadPoolExecutor)
    try:
        from weftline import queue as q, threading as t
        from weftline.concurrent import futures
    except ImportError:
        return "plain"
    ours = (t.Lock, t.Event, q.Queue, q.SimpleQueue, futures.ThreadPoolExecutor)
    same = {one is other for one, other in zip(mine, ours)}
    return {(True,): "weftline", (False,): "plain"}[tuple(same)]
"""
