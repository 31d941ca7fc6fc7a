from weftline import queue as queue
from weftline import threading as threading
from weftline import watch as watch
from weftline._weftline import DeadlockError as DeadlockError
from weftline._weftline import RWLock as RWLock
from weftline.install import install as install
from weftline.install import installed as installed
from weftline.install import uninstall as uninstall

__all__ = [
    "DeadlockError",
    "RWLock",
    "install",
    "installed",
    "queue",
    "threading",
    "uninstall",
    "watch",
]
