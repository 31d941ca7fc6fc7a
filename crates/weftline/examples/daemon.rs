//! The end of the main thread: the program waits for the other threads, except for a daemon, which
//! ends unfinished.

use std::io::Result;

use weftline::{Builder, Event, run, spawn};

static WATCHES: Event = Event::new();
static MAIN_IS_DONE: Event = Event::new();
static NEVER: Event = Event::new();

fn watch() {
    println!("the watchman sits down");
    WATCHES.set();
    NEVER.wait();
    println!("this is never printed");
}

fn write_report() {
    MAIN_IS_DONE.wait();
    println!("the report is written, though main has ended");
}

fn main() -> Result<()> {
    run(|| {
        Builder::new().daemon(true).spawn(watch)?;
        WATCHES.wait();
        spawn(write_report);
        println!("main has nothing left to do");
        MAIN_IS_DONE.set();
        Ok(())
    })
}
