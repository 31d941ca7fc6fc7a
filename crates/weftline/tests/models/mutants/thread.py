"""`thread/`: timers."""

from .mutant import Mutant

MUTANTS = [
    Mutant(
        "timer: the thread that waits is not woken for what is due earlier",
        "thread/timer/clock.rs",
        "TimerThread::Asleep { record, until } if due < until => {",
        "TimerThread::Asleep { record, until } if due > until => {",
        "timer::the_sleeping_timer_thread_is_woken_for_what_is_due_before_it_would_look",
    ),
]
