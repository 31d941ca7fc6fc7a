//! Threads with chosen names, with changed names, and with names made from the function that they
//! run.

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
    let shopkeeper = Builder::new().name("keeper").spawn(keep_shop)?;
    shopkeeper.thread().join();
    let unnamed = spawn(keep_shop);
    unnamed.thread().join();
    let watchman = Builder::new().name("day watch").spawn(keep_watch)?;
    watchman.thread().join();
    println!("{} was the last", watchman.name());
    println!("{} goes home", current().name());
    Ok(())
}
