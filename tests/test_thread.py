"""`weftline.threading.Thread` is the interpreter's own class, with the spellings of Python 2 on
every version.
"""

import abc
import pickle
import threading as std_threading

import pytest
from support import programs
from support.workers import start
from weftline import _thread, threading

OLD_METHODS = {
    "isAlive": "is_alive()",
    "getName": "the name attribute",
    "setName": "the name attribute",
    "isDaemon": "the daemon attribute",
    "setDaemon": "the daemon attribute",
}


def test_it_is_the_standard_class():
    assert threading.Thread is std_threading.Thread
    assert pickle.loads(pickle.dumps(threading.Thread)) is std_threading.Thread
    assert isinstance(threading.main_thread(), threading.Thread)
    assert all(isinstance(one, threading.Thread) for one in threading.enumerate())


def deprecated(call, old, new):
    """The result of `call`, after a check that it warns its caller, once, that `new` replaces
    `old`.
    """
    with pytest.warns(DeprecationWarning) as caught:
        value = call()
    (warning,) = caught
    assert str(warning.message).startswith(f"{old}() is deprecated")
    assert new in str(warning.message)
    assert warning.filename == __file__
    return value


def test_the_old_spellings_of_its_methods_work_and_name_the_new_ones():
    thread = threading.Thread(name="first")
    calls = {
        "isAlive": (lambda: thread.isAlive(), False),
        "getName": (lambda: thread.getName(), "first"),
        "setName": (lambda: thread.setName("second"), None),
        "isDaemon": (lambda: thread.isDaemon(), False),
        "setDaemon": (lambda: thread.setDaemon(True), None),
    }
    for old, new in OLD_METHODS.items():
        call, value = calls[old]
        assert deprecated(call, old, new) == value
    assert (thread.name, thread.daemon) == ("second", True)


def test_the_old_spellings_of_the_functions_work_and_name_the_new_ones():
    assert (
        deprecated(
            lambda: threading.currentThread(), "currentThread", "current_thread()"
        )
        is threading.current_thread()
    )
    assert (
        deprecated(lambda: threading.activeCount(), "activeCount", "active_count()")
        == threading.active_count()
    )


def test_is_alive_in_its_old_spelling_follows_the_thread():
    let_go = std_threading.Event()
    thread = threading.Thread(target=let_go.wait)
    seen = [deprecated(lambda: thread.isAlive(), "isAlive", "is_alive()")]
    thread.start()
    seen.append(deprecated(lambda: thread.isAlive(), "isAlive", "is_alive()"))
    let_go.set()
    thread.join()
    seen.append(deprecated(lambda: thread.isAlive(), "isAlive", "is_alive()"))
    assert seen == [False, True, False]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_thread_has_it_from_any_maker():
    assert threading.main_thread().isAlive()
    assert start(lambda: threading.current_thread().isAlive()).result()
    assert not threading.Timer(1, print).isAlive()

    class Theirs(std_threading.Thread):
        def is_alive(self):
            return "as they say"

    class Mixed(abc.ABC, threading.Thread):
        pass

    assert Theirs().isAlive() == "as they say"
    assert Mixed().isAlive() is False


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_thread_that_the_interpreter_does_not_know_has_it():
    answers = std_threading.Event(), []

    def look():
        answers[1].append(std_threading.current_thread().isAlive())
        answers[0].set()

    _thread.start_new_thread(look, ())
    assert answers[0].wait(20)
    assert answers[1] == [True]


def test_what_the_version_has_is_left_as_it_is():
    for name in OLD_METHODS.keys() - {"isAlive"}:
        method = vars(std_threading.Thread)[name]
        assert method.__code__.co_filename == std_threading.__file__, name
    assert threading.currentThread is std_threading.currentThread
    assert threading.activeCount is std_threading.activeCount


def test_what_a_version_has_dropped_is_there_all_the_same():
    """A future version may lack all of them. weftline's module has the missing names, and so does
    the standard one while weftline is installed.
    """
    output = programs.run("""
        import subprocess, sys
        program = '''
        import threading, warnings
        del threading.currentThread, threading.activeCount
        for name in ("getName", "setName", "isDaemon", "setDaemon"):
            delattr(threading.Thread, name)
        import weftline
        warnings.simplefilter("always")
        shown = []
        warnings.showwarning = lambda text, kind, file, line, *rest: shown.append((str(text), kind.__name__, file))
        thread = weftline.threading.Thread(name="first")
        print(thread.getName(), thread.isDaemon(), thread.isAlive())
        thread.setName("second")
        thread.setDaemon(True)
        print(thread.name, thread.daemon)
        print(weftline.threading.currentThread() is threading.main_thread(), weftline.threading.activeCount())
        print(hasattr(threading, "currentThread"), hasattr(threading, "activeCount"))
        weftline.install()
        print(threading.currentThread() is threading.main_thread(), threading.activeCount())
        weftline.uninstall()
        print(hasattr(threading, "currentThread"), hasattr(threading, "activeCount"))
        for text, kind, file in shown:
            assert kind == "DeprecationWarning" and file == "<string>", (kind, file)
            print(text)
        '''
        import textwrap
        subprocess.run([sys.executable, "-c", textwrap.dedent(program)], timeout=60, check=True)
    """)
    assert output.splitlines() == [
        "first False False",
        "second True",
        "True 1",
        "False False",
        "True 1",
        "False False",
        "getName() is deprecated, get the name attribute instead",
        "isDaemon() is deprecated, get the daemon attribute instead",
        "isAlive() is deprecated, use is_alive() instead",
        "setName() is deprecated, set the name attribute instead",
        "setDaemon() is deprecated, set the daemon attribute instead",
        "currentThread() is deprecated, use current_thread() instead",
        "activeCount() is deprecated, use active_count() instead",
        "currentThread() is deprecated, use current_thread() instead",
        "activeCount() is deprecated, use active_count() instead",
    ]


def test_the_other_classes_keep_their_old_spellings():
    condition, event = threading.Condition(), threading.Event()
    with condition:
        assert (
            deprecated(lambda: condition.notifyAll(), "notifyAll", "notify_all()")
            is None
        )
    assert deprecated(lambda: event.isSet(), "isSet", "is_set()") is False


def test_ten_thousand_are_started_named_listed_and_joined():
    left = programs.run(
        """
        import threading

        import weftline

        weftline.install()
        THREADS, BATCH = 10_000, 1_000
        for batch in range(THREADS // BATCH):
            go, ran = threading.Event(), []

            def work(index):
                go.wait()
                ran.append((threading.current_thread().name, index))

            threads = [
                threading.Thread(target=work, args=(index,), name=f"worker {batch}-{index}")
                for index in range(BATCH)
            ]
            for thread in threads:
                thread.start()
            assert threading.active_count() == BATCH + 1
            assert set(threading.enumerate()) == {threading.main_thread(), *threads}
            go.set()
            for thread in threads:
                thread.join()
            assert not any(thread.is_alive() for thread in threads)
            assert sorted(ran) == sorted((thread.name, index) for index, thread in enumerate(threads))
        print(threading.enumerate() == [threading.main_thread()])
        """,
        within=120,
    )
    assert left == "True\n"
