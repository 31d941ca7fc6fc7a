"""Threads of a concurrent program; their endings are its outcome."""

import threading

LONG = 30
"""Seconds that only a lost wakeup takes."""


class Crew:
    """Starts threads and collects, sorted, what each returned or raised."""

    def __init__(self):
        self.threads = []
        self.told = []

    def start(self, function, *arguments):
        def run():
            try:
                value = function(*arguments)
            except BaseException as error:  # noqa: BLE001 - any exception is an answer
                value = f"{type(error).__name__}: {error}"
            self.told.append(value)

        thread = threading.Thread(target=run, daemon=True)
        self.threads.append(thread)
        thread.start()
        return thread

    def join(self):
        """The outcomes of all threads; threads that do not end are counted as lost."""
        for thread in self.threads:
            thread.join(LONG)
        lost = sum(thread.is_alive() for thread in self.threads)
        told = sorted(self.told, key=repr)
        return (told, f"{lost} lost") if lost else told
