"""The spellings of Python 2's `threading` that the running version has dropped, each with a
DeprecationWarning that names the new one.

Up to Python 3.14 that is `Thread.isAlive` alone. A spelling that the version still has stays as it
is, with its own warning.
"""

import threading


def isAlive(self):
    """Deprecated: use is_alive() instead."""
    _warn("isAlive() is deprecated, use is_alive() instead")
    return self.is_alive()


def getName(self):
    """Deprecated: get the name attribute instead."""
    _warn("getName() is deprecated, get the name attribute instead")
    return self.name


def setName(self, name):
    """Deprecated: set the name attribute instead."""
    _warn("setName() is deprecated, set the name attribute instead")
    self.name = name


def isDaemon(self):
    """Deprecated: get the daemon attribute instead."""
    _warn("isDaemon() is deprecated, get the daemon attribute instead")
    return self.daemon


def setDaemon(self, daemonic):
    """Deprecated: set the daemon attribute instead."""
    _warn("setDaemon() is deprecated, set the daemon attribute instead")
    self.daemon = daemonic


def currentThread():
    """Deprecated: use current_thread() instead."""
    _warn("currentThread() is deprecated, use current_thread() instead")
    return threading.current_thread()


def activeCount():
    """Deprecated: use active_count() instead."""
    _warn("activeCount() is deprecated, use active_count() instead")
    return threading.active_count()


def _warn(text):
    import warnings

    # Reported for the caller of the old spelling.
    warnings.warn(text, DeprecationWarning, stacklevel=3)


# The functions of `threading` that the version lacks: for `weftline.threading`, and for the
# standard module while weftline is installed.
FUNCTIONS = {
    function.__name__: function
    for function in (currentThread, activeCount)
    if not hasattr(threading, function.__name__)
}


def complete_the_class():
    """Adds the missing methods to `threading.Thread`.

    On the class itself and for good, because it is the class of `weftline.threading` too. A
    subclass would leave out the main thread, timers and every thread that other code creates. No
    method is replaced, so existing code works as before.
    """
    for method in (isAlive, getName, setName, isDaemon, setDaemon):
        if not hasattr(threading.Thread, method.__name__):
            setattr(threading.Thread, method.__name__, method)
