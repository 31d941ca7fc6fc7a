"""The order of locks: how inversions are told, named and suppressed."""

import os
import sys

import pytest
from support.lock_order import IN_A_THREAD, PRELUDE, error_of, told

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="its reports name processes as on Linux"
)


def test_an_inversion_is_told_before_the_thread_waits():
    program = """
left = threading.Lock()
right = threading.Lock()
thread(nested, left, right)
seen = threading.Event()
watch.on_inversion(lambda text: (print("told", count()), seen.set()))
left.acquire()
other = threading.Thread(target=nested, args=(right, left))
other.start()
assert seen.wait(60)
print("still blocked", other.is_alive())
left.release()
other.join()
"""
    assert told(program) == ["told 1", "still blocked True", ""]


def test_by_default_an_inversion_is_written_to_standard_error_once():
    program = """
watch.on_inversion("report")
left = threading.Lock()
right = threading.Lock()
for _ in range(5):
    in_two_orders(left, right)
"""
    error = error_of("-c", PRELUDE + program)
    assert error.count("potential deadlock") == 1
    assert "suppress it by" in error


def test_the_environment_turns_it_on_and_a_project_suppresses_places(tmp_path):
    program = f"""\
import threading
left = threading.Lock()
right = threading.Lock()
{IN_A_THREAD}
in_a_thread(left, right)
in_a_thread(right, left)
"""
    file = tmp_path / "program.py"
    file.write_text(program)

    def error(**environment):
        environment = {**os.environ, **environment}
        return error_of(
            "-m", "weftline", "run", str(file), cwd=tmp_path, env=environment
        )

    on = {"WEFTLINE_LOCK_ORDER": "1"}
    assert error() == ""
    assert "potential deadlock" in error(**on)
    assert error(**on, WEFTLINE_LOCK_ORDER_SUPPRESS="nothing, program.py:2") == ""
    project = tmp_path / "pyproject.toml"
    project.write_text('[tool.weftline]\nlock-order-suppress = ["program.py:3"]\n')
    assert error(**on) == ""
    project.write_text('[tool.weftline]\nlock-order-suppress = "program.py"\n')
    assert 'is no list of strings: write ["cache.py:12"]' in error(**on)
    project.write_text("[tool.weftline\n")
    assert str(project) in error(**on)


@pytest.mark.parametrize(
    ("suppressed", "expected"),
    [
        ("watch.name(left, 'cache'); watch.suppress_inversions('cache')", "0"),
        ("watch.suppress_inversions('<string>')", "0"),
        ("watch.suppress_inversions('other.py:3')", "1"),
        ("watch.suppress_inversions('')", "1"),
    ],
)
def test_names_and_places_are_suppressed(suppressed, expected):
    program = f"""
left = threading.Lock()
right = threading.Lock()
{suppressed}
in_two_orders(left, right)
print(count())
"""
    assert told(program) == [expected, ""]


def test_locks_have_their_names_in_reports():
    program = """
left = watch.name(threading.Lock(), "the cache")
right = threading.Lock()
in_two_orders(left, right)
print(watch.inversions()[0])
"""
    text = "\n".join(told(program))
    assert '"first" held "the cache"' in text
    assert '"the cache" or "<string>:' in text


def test_the_lock_of_a_condition_has_its_name():
    program = """
condition = watch.name(threading.Condition(), "the shelf")
own = watch.name(threading.Lock(), "its own")
other = watch.name(threading.Condition(own), "the other")
right = threading.Lock()
in_two_orders(condition, right)
in_two_orders(other, right)
for report in watch.inversions():
    print(report)
"""
    text = "\n".join(told(program))
    assert '"first" held "the shelf"' in text
    assert '"first" held "its own"' in text and "the other" not in text


def test_a_wrong_action_is_refused():
    with pytest.raises(ValueError, match="none of 'report', 'off' and a callable"):
        import weftline.watch

        weftline.watch.on_inversion("shout")


def test_what_a_callable_raises_is_told():
    program = """
def complains(text):
    raise KeyError("x")
watch.on_inversion(complains)
left = threading.Lock()
right = threading.Lock()
in_two_orders(left, right)
print(count(), left.locked(), right.locked())
"""
    error = error_of(
        "-c", f"{PRELUDE}{program}assert count() == 1 and not left.locked()"
    )
    assert "KeyError: 'x'" in error and "complains" in error
