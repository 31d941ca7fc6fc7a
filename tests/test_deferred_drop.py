"""Long chains of objects that refer to each other are freed: on any stack, by any cause, whole, and
immediately.
"""

import sys
import textwrap

import pytest
from support.programs import run
from support.target import ours_only

# The last line that the following program prints names the link that failed.
EACH = """
import sys
from support.chains import LINKS, chain, links, on_a_stack_of

def each(make_and_free, stacks):
    for name in [*LINKS, "mixed"]:
        for stack in stacks:
            print(name, stack, flush=True)
            on_a_stack_of(stack, lambda: make_and_free(links(name), 10_000))
"""


@ours_only
def test_a_chain_is_freed_on_any_stack():
    run(
        EACH
        + textwrap.dedent("""
        class End:
            gone = 0

            def __del__(self):
                End.gone += 1

        def make_and_drop(links, length):
            held = chain(links, length, End())
            before = End.gone
            del held
            assert End.gone == before + 1

        each(make_and_drop, [0, 128 * 1024])
        """),
        within=100,
    )


@ours_only
def test_a_chain_that_ends_in_itself_is_freed_by_the_collector():
    run(
        EACH
        + textwrap.dedent("""
        import gc, weakref

        class Cycle:
            pass

        def make_and_collect(links, length):
            cycle = Cycle()
            cycle.held = chain(links, length, cycle)
            gone = weakref.ref(cycle)
            del cycle
            gc.collect()
            assert gone() is None

        gc.disable()
        each(make_and_collect, [0, 128 * 1024])
        """),
        within=100,
    )


@ours_only
def test_a_pool_frees_a_chain_of_its_own_results():
    run(
        """
        from support.pools import futures
        from support.target import std_threading

        std_threading.stack_size(128 * 1024)
        pool = futures.ThreadPoolExecutor(1)
        last = pool.submit(int)
        for _ in range(30_000):
            last = pool.submit(lambda previous: previous, last)
        last.result()
        pool.submit(lambda *_: None, last)
        del last
        pool.shutdown()
        """,
        within=60,
    )


@ours_only
def test_the_versions_of_a_set_that_wait_has_returned_are_freed_on_any_stack():
    run(
        """
        from support.chains import on_a_stack_of
        from support.pools import futures

        def wait_again_and_again():
            many = [futures.Future() for _ in range(10_000)]
            first = left = futures.wait(many, 0).not_done
            for one in many[:-1]:
                one.set_result(None)
                left = futures.wait(left, 0).not_done
            del left, one
            del first

        for stack in [0, 128 * 1024]:
            on_a_stack_of(stack, wait_again_and_again)
        """,
        within=60,
    )


@ours_only
def test_what_is_freed_goes_in_the_order_in_which_it_is_held():
    printed = run(
        """
        from support.pools import futures

        class Item:
            def __init__(self, number):
                self.number = number

            def __del__(self):
                gone.append(self.number)

        class Node(futures.Future, Item):
            pass

        gone = []
        head = None
        for number in reversed(range(1000)):
            node = Node()
            futures.Future.__init__(node)
            Item.__init__(node, number)
            node.set_result(head)
            head = node
        del head, node
        print(gone == list(range(1000)))

        gone = []
        items = inner = queue.Queue()
        for _ in range(50):
            inner.put(deeper := queue.Queue())
            inner = deeper
        for number in range(1000):
            deeper.put(Item(number))
        del items, inner, deeper
        print(gone == list(range(1000)))
        """
    )
    assert printed == "True\nTrue\n"


@ours_only
def test_a_destructor_deep_in_a_chain_can_do_everything():
    run(
        """
        import gc, weakref
        from support.chains import LINKS, chain
        from support.pools import futures

        class Busy:
            def __init__(self, inner):
                self.inner = inner

            def __del__(self):
                items = queue.Queue()
                items.put(1)
                assert items.get() == 1
                chain([LINKS["result"]], 200, chain([LINKS["item"]], 200, None))
                gc.collect(0)
                try:
                    raise KeyError(self.inner)
                except KeyError:
                    pass
                done.append(1)

        done = []
        dead = []

        def link(inner):
            made = LINKS["result"](Busy(inner))
            dead.append(weakref.ref(made))
            return made

        held = chain([link], 300, None)
        first = dead[0]
        del held
        assert len(done) == 300
        assert not any(one() for one in dead)
        """,
        within=60,
    )


@ours_only
def test_an_exception_of_a_destructor_deep_in_a_chain_is_reported_and_stops_nothing():
    run(
        """
        import sys
        from support.chains import LINKS, chain

        class Failing:
            def __init__(self, inner):
                self.inner = inner

            def __del__(self):
                raise ValueError

        told = []
        # A traceback would keep the object alive.
        sys.unraisablehook = lambda args: told.append(args.exc_type)
        held = chain([lambda inner: LINKS["result"](Failing(inner))], 300, None)
        try:
            raise KeyError
        except KeyError as error:
            del held
            assert error is sys.exception() if hasattr(sys, "exception") else True
        assert len(told) == 300
        """
    )


@ours_only
def test_threads_free_their_own_chains_at_once():
    run(
        """
        from support.chains import LINKS, chain
        from support.target import std_threading

        def make_and_drop():
            for _ in range(5):
                chain(list(LINKS.values()), 3000, None)

        std_threading.stack_size(256 * 1024)
        threads = [std_threading.Thread(target=make_and_drop) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        """,
        within=60,
    )


@ours_only
def test_a_chain_in_a_thread_local_value_is_freed_when_the_thread_ends():
    run(
        """
        from support.chains import LINKS, chain, on_a_stack_of

        class End:
            def __del__(self):
                gone.append(1)

        gone = []
        local = threading.local()

        def keep():
            local.held = chain([LINKS["result"], LINKS["item"]], 20_000, End())

        on_a_stack_of(128 * 1024, keep)
        assert gone == [1]
        """
    )


@ours_only
@pytest.mark.skipif(sys.platform != "linux", reason="the size of a resident process")
def test_freeing_a_chain_leaves_no_memory_behind():
    run(
        """
        import gc, resource
        from support.chains import LINKS, chain

        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        def round_():
            for name in ["result", "item", "lock", "flag", "action", "call"]:
                chain([LINKS[name]], 5000, None)
            gc.collect()

        round_()
        before = peak()
        for _ in range(20):
            round_()
        assert peak() < before + 8 * 1024, (before, peak())
        """,
        within=60,
    )
