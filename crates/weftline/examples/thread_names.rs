//! Threads with names of their own, given, changed, or made up from the function that they run.

use weftline::{Builder, current, spawn};

fn keep_shop() {
    println!("{} opens", current().name());
    println!("{} closes", current().name());
}

fn keep_watch() {
    keep_shop();
    current().set_name("night watch");
    println!("{} goes round", current().name());
}

fn main() -> std::io::Result<()> {
    let keeper = Builder::new().name("keeper").spawn(keep_shop)?;
    keeper.thread().join();
    let unnamed = spawn(keep_shop);
    unnamed.thread().join();
    let keeper = Builder::new().name("day watch").spawn(keep_watch)?;
    keeper.thread().join();
    println!("{} was the last", keeper.name());
    println!("{} goes home", current().name());
    Ok(())
}
