"""`thread/`: timers."""

from .mutant import Mutant

MUTANTS = [
    Mutant(
        "timer: the sleeping timer thread is not woken for an earlier entry",
        "thread/timer/clock.rs",
        "TimerThread::Asleep { record, until } if due < until => {",
        "TimerThread::Asleep { record, until } if due > until => {",
        "timer::the_sleeping_timer_thread_is_woken_for_an_earlier_entry",
    ),
]
