//! The programs that start processes, where there are any.

use super::prints;

#[test]
fn pids() {
    prints(
        "process_pids",
        "MainProcess: the first of all\n\
         Thread-1 (main): in the same process: true\n\
         Thread-2 (main): in the same process: true\n\
         Process-1: in the same process: false, its child: true\n\
         bookkeeper: in the same process: false, its child: true\n",
    );
}

#[test]
fn memory() {
    prints(
        "process_memory",
        "after a thread: 1, and here: 1\n\
         after a child: 1, and here: [\"apple\"]\n\
         shared: 3 weighed, [100, 200, 300]\n",
    );
}

#[test]
fn pool() {
    prints(
        "process_pool",
        "the first worker is at it\n\
         it was killed: its task says so\n\
         the other tasks: [1, 4, 9, 16, 25], by the same pool\n\
         the till was left locked, with 1 of 2 bookings\n\
         booked again: 2\n",
    );
}

#[test]
fn pipeline() {
    prints(
        "process_pipeline",
        "2 readers, 1 counter: 6 pages\n\
         the 5\n\
         and 3\n\
         loom 3\n",
    );
}
