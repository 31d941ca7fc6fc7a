"""Shapes over barriers."""

import threading

from fuzz.crew import LONG, Crew


def meeting(
    parties=(1, 2, 3, 5), rounds=(1, 5, 15), action=(True, False), timeout=(None, LONG)
):
    """Parties meet again and again: each index once a round, the action once."""
    acted = []
    barrier = threading.Barrier(
        parties, (lambda: acted.append(barrier.n_waiting)) if action else None, timeout
    )
    rounds_seen, crew = [[] for _ in range(rounds)], Crew()

    def meet():
        for seen in rounds_seen:
            seen.append(barrier.wait())

    for _ in range(parties):
        crew.start(meet)
    told = crew.join()
    return (
        told,
        [sorted(seen) for seen in rounds_seen],
        len(acted),
        barrier.n_waiting,
        barrier.broken,
    )


def breaking(
    parties=(2, 3, 5),
    how=("abort", "reset", "timeout", "action", "late"),
    after=(False, True),
):
    """A barrier that breaks raises in all its waiters, and a reset repairs it."""

    def fail():
        raise KeyError("action")

    barrier = threading.Barrier(parties, fail if how == "action" else None)
    crew = Crew()
    if how == "action":
        for _ in range(parties):
            crew.start(barrier.wait)
    else:
        for _ in range(parties - 1):
            crew.start(barrier.wait, 0.01 if how == "timeout" else LONG)
        while barrier.n_waiting < parties - 1 and not barrier.broken:
            crew.threads[0].join(0.0005)
        if how == "abort":
            barrier.abort()
        elif how == "reset":
            barrier.reset()
        elif how == "late":
            try:
                barrier.wait(0)
            except threading.BrokenBarrierError:
                pass
            except IndexError:
                pass
    told = crew.join()
    state = barrier.broken
    barrier.reset()
    again = None
    if after:
        barrier._action = None
        second = Crew()
        for _ in range(parties):
            second.start(barrier.wait)
        again = second.join()
    return (
        [str(one) for one in told] if how != "late" else len(told),
        state if how != "late" else "",
        again,
    )
