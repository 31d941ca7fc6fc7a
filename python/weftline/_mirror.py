"""A module that is another one, except for the names it has itself.

Every other name is read from the standard module on use, so a change that a program makes there is
visible here. A name that a program sets here (`weftline.threading.excepthook = report`) is set
there, where the interpreter reads it.
"""

import sys
from types import ModuleType


class Mirror(ModuleType):
    """The type of `weftline.threading` and `weftline.queue`."""

    def __getattr__(self, name):
        try:
            return getattr(self.__standard__, name)
        except AttributeError:
            raise AttributeError(
                f"module {self.__name__!r} has no attribute {name!r}"
            ) from None

    def __setattr__(self, name, value):
        if self._is_own(name):
            super().__setattr__(name, value)
        else:
            self.__covered__.setdefault(name, getattr(self.__standard__, name))
            setattr(self.__standard__, name, value)

    def __delattr__(self, name):
        """Deletes a name that was set here. The value that it covered is visible again, as with an
        instance's attribute over that of its class.

        Tools that patch temporarily (`unittest.mock`, pytest's `monkeypatch`) undo their patches
        so.
        """
        if self._is_own(name):
            super().__delattr__(name)
        elif name in self.__covered__:
            setattr(self.__standard__, name, self.__covered__.pop(name))
        else:
            delattr(self.__standard__, name)

    def _is_own(self, name):
        return name in self.__dict__ or not hasattr(self.__standard__, name)

    def __dir__(self):
        return sorted(self.__dict__.keys() | dir(self.__standard__))


def become(name, standard, ours):
    """Makes the module called `name` a mirror of the module `standard`, with the names in `ours` as
    its own.
    """
    module = sys.modules[name]
    keep = {key for key in module.__dict__ if key.startswith("__")}
    for key in module.__dict__.keys() - keep:
        del module.__dict__[key]
    module.__dict__.update(ours, __standard__=standard, __covered__={})
    module.__class__ = Mirror
