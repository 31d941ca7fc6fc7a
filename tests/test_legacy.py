"""`weftline run --legacy`, and nothing else, lets a program import `thread`, `Queue` and
`SocketServer`, names of Python 2.
"""

import subprocess
import sys

import pytest
from support.beside import on_weftline

NAMES = ["thread", "Queue", "SocketServer"]

LOOK = f"""
for name in {NAMES}:
    try:
        __import__(name)
    except ImportError as error:
        print(type(error).__name__, error.name)
    else:
        print("there:", name)
"""


def legacy(folder, source, *arguments, **keywords):
    """The output of `source`, run with the old names."""
    return on_weftline(folder, source, *arguments, options=["--legacy"], **keywords)


def test_without_it_the_old_names_stay_absent(tmp_path):
    assert on_weftline(tmp_path, LOOK).splitlines() == [
        f"ModuleNotFoundError {name}" for name in NAMES
    ]


def test_each_old_name_is_the_module_of_today_on_weftline(tmp_path):
    output = legacy(
        tmp_path,
        """
        import thread, Queue, SocketServer
        import _thread, queue, socketserver, weftline
        assert thread is _thread and Queue is queue and SocketServer is socketserver
        assert Queue.Queue is weftline.queue.Queue
        assert type(thread.allocate_lock()) is weftline._weftline.lock
        print(thread.__name__, Queue.__spec__.name, SocketServer.__spec__.name)
        """,
    )
    assert output == "_thread queue socketserver\n"


def test_a_program_that_was_written_for_the_module_thread_runs(tmp_path):
    output = legacy(
        tmp_path,
        """
        import thread
        lock, done, told = thread.allocate_lock(), thread.allocate(), []
        def runner(word, times):
            for number in range(times):
                lock.acquire()
                told.append("%d:%s" % (number, word))
                lock.release()
            assert thread.get_ident() != main
            done.release()
            thread.exit_thread()
        main = thread.get_ident()
        for start, word in ((thread.start_new_thread, "one"), (thread.start_new, "two")):
            done.acquire()
            start(runner, (word, 3))
            done.acquire()
            done.release()
        try:
            lock.release()
        except thread.error as error:
            print(error)
        try:
            thread.exit()
        except SystemExit:
            print(*told)
        print(thread.stack_size(), thread.LockType is type(lock), callable(thread.interrupt_main))
        """,
    )
    assert output.splitlines() == [
        "release unlocked lock",
        "0:one 1:one 2:one 0:two 1:two 2:two",
        "0 True True",
    ]


def test_an_exception_of_the_old_module_is_that_of_the_new_one(tmp_path):
    output = legacy(
        tmp_path,
        """
        import Queue, pickle, queue
        try:
            Queue.Queue(1).get(False)
        except queue.Empty as error:
            print(type(pickle.loads(pickle.dumps(error))) is Queue.Empty)
        """,
    )
    assert output == "True\n"


def test_a_server_of_threads_answers(tmp_path):
    output = legacy(
        tmp_path,
        """
        import SocketServer, socket, threading
        class Shout(SocketServer.StreamRequestHandler):
            def handle(self):
                self.wfile.write(self.rfile.readline().upper())
        server = SocketServer.ThreadingTCPServer(("127.0.0.1", 0), Shout)
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        with socket.create_connection(server.server_address) as connection:
            connection.sendall(b"hello\\n")
            print(connection.makefile().readline(), end="")
        server.shutdown()
        serving.join()
        server.server_close()
        """,
    )
    assert output == "HELLO\n"


def test_a_module_of_the_programs_own_goes_before(tmp_path):
    (tmp_path / "Queue.py").write_text("mine = 'my own'", encoding="utf-8")
    assert legacy(tmp_path, "import Queue; print(Queue.mine)") == "my own\n"


@pytest.mark.parametrize("name", ["dummy_thread", "StringIO", "urllib2", "queues"])
def test_other_old_names_stay_absent(tmp_path, name):
    output = legacy(
        tmp_path,
        "import importlib, sys\ntry:\n    importlib.import_module(sys.argv[1])\nexcept ImportError as error:\n    print(error)",
        name,
    )
    assert output == f"No module named '{name}'\n"


@pytest.mark.parametrize("launch", [["run", "--legacy"], ["--legacy"]])
@pytest.mark.parametrize("program", [["look.py"], ["-m", "look"], ["-"]])
def test_it_goes_before_whatever_is_run(tmp_path, launch, program):
    (tmp_path / "look.py").write_text(LOOK, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "weftline", *launch, *program],
        cwd=tmp_path,
        input=LOOK,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines() == [f"there: {name}" for name in NAMES]


def test_after_the_script_it_is_the_scripts_own_argument(tmp_path):
    output = on_weftline(tmp_path, "import sys; print(sys.argv[1:])" + LOOK, "--legacy")
    assert output.splitlines()[0] == "['--legacy']"
    assert "there:" not in output


@pytest.mark.parametrize("flag", [[], ["--legacy"]], ids=["without", "with"])
@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_children_have_the_old_names_if_the_parent_has(tmp_path, method, flag):
    output = on_weftline(
        tmp_path,
        """
        import multiprocessing, sys, warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        def child(answers):
            try:
                import Queue
            except ImportError:
                answers.put("absent")
            else:
                import weftline
                answers.put(Queue.Queue is weftline.queue.Queue)
        if __name__ == "__main__":
            context = multiprocessing.get_context(sys.argv[1])
            answers = context.SimpleQueue()
            process = context.Process(target=child, args=(answers,))
            process.start()
            print(answers.get())
            process.join()
        """,
        method,
        options=flag,
    )
    assert output == ("True\n" if flag else "absent\n")


def test_the_usage_names_it(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "weftline", "run", "--legacy"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.endswith("\nweftline: nothing to run\n")
    assert "--legacy" in done.stderr and all(name in done.stderr for name in NAMES)
