//! A value with a method that a thread runs and that returns the value: the counterpart of a
//! subclass of `Thread` in Python.

use std::io::Result;

use weftline::{Builder, JoinHandle};

struct Baker {
    name: &'static str,
    loaves: usize,
    shelf: Vec<String>,
}

impl Baker {
    fn new(name: &'static str, loaves: usize) -> Self {
        let shelf = Vec::new();
        Self {
            name,
            loaves,
            shelf,
        }
    }

    fn run(&mut self) {
        for number in 1..=self.loaves {
            self.shelf.push(format!("loaf {number}"));
        }
    }

    /// Runs on a thread of its own, which returns the baker.
    fn start(mut self) -> Result<JoinHandle<Self>> {
        Builder::new().name(self.name).spawn(move || {
            self.run();
            self
        })
    }
}

fn main() -> Result<()> {
    let bakers = [("Ada", 2), ("Ben", 1), ("Cleo", 3)];
    let bakers = bakers.map(|(name, loaves)| Baker::new(name, loaves).start());
    for baker in bakers {
        let baker = baker?.join().expect("nothing burns");
        println!("{} has baked: {}", baker.name, baker.shelf.join(", "));
    }
    Ok(())
}
