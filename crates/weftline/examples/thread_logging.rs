//! Log lines with the name of the thread that writes them.

use std::io::Result;

use tracing::{info, warn};
use weftline::{Builder, Event};

static IS_READ: Event = Event::new();

fn read() {
    info!("starting");
    warn!("a page is missing");
    IS_READ.set();
}

fn write() {
    IS_READ.wait();
    info!("starting");
    info!("ending");
}

fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_thread_names(true)
        .with_target(false)
        .with_ansi(false)
        .without_time()
        .init();
    let reader = Builder::new().name("reader").spawn(read)?;
    let writer = Builder::new().name("writer").spawn(write)?;
    reader.thread().join();
    writer.thread().join();
    info!("done");
    Ok(())
}
