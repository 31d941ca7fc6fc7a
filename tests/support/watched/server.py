"""A server with a pool, database connections, a queue of log lines, and clients that load it."""

import os
import queue
import random
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from weftline import watch

CLIENTS = 14

LOAD = """
import random, socket, sys, threading, time
port = int(sys.argv[1])
def visit():
    while True:
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(b"GET\\n")
            peer.recv(100)
        time.sleep(random.uniform(0.0, 0.12))
for _ in range(int(sys.argv[2]) - 1):
    threading.Thread(target=visit, daemon=True).start()
visit()
"""

database = threading.BoundedSemaphore(3)
watch.name(database, "database connections")
log = queue.Queue(maxsize=100)
watch.name(log, "log lines")


def answer(peer):
    with peer:
        peer.recv(100)
        time.sleep(random.uniform(0.0, 0.03))
        with database:
            time.sleep(random.uniform(0.005, 0.04))
        peer.sendall(b"200\n")
    log.put("GET 200")


def write_log():
    while True:
        log.get()


threading.Thread(target=write_log, name="log writer", daemon=True).start()
stop = threading.Event()
watch.name(stop, "stop")
threading.Thread(target=stop.wait, name="supervisor", daemon=True).start()
listener = socket.create_server(("127.0.0.1", 0))
pool = ThreadPoolExecutor(8, thread_name_prefix="worker")


def accept():
    while True:
        peer, _ = listener.accept()
        pool.submit(answer, peer)


threading.Thread(target=accept, name="acceptor", daemon=True).start()
port = listener.getsockname()[1]
load = subprocess.Popen([sys.executable, "-c", LOAD, str(port), str(CLIENTS)])
print("ready", flush=True)
try:
    sys.stdin.read()
finally:
    load.kill()
    load.wait()
os._exit(0)
