//! Threads share their process. Each child is a process of its own, and knows its parent.

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
use linux::main;

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn main() {
    println!("weftline has processes on Linux with 64 bits");
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod linux {
    use std::error::Error;
    use weftline::process::{self, Process, parent_process, register};
    use weftline::{current, run, spawn};

    /// Its own number, and its parent's.
    fn numbers() -> (u32, Option<u32>) {
        let parent = parent_process().map(|parent| parent.pid());
        (std::process::id(), parent)
    }

    register!(numbers);

    pub(super) fn main() -> Result<(), Box<dyn Error>> {
        run(|| {
            let (main, parent) = numbers();
            println!(
                "{}: {}",
                process::current_name(),
                if parent.is_none() {
                    "the first of all"
                } else {
                    "a child"
                }
            );
            let threads = [(); 2].map(|()| spawn(move || (current().name(), numbers().0 == main)));
            for thread in threads {
                let (name, is_same) = thread.join()?;
                println!("{name}: in the same process: {is_same}");
            }
            let unnamed = process::spawn(numbers, ())?;
            let named = Process::new(numbers, ()).name("bookkeeper").start()?;
            for child in [unnamed, named] {
                let (name, pid) = (child.name().to_owned(), child.pid());
                let (own, parent) = child.join()?;
                println!(
                    "{name}: in the same process: {}, its child: {}",
                    own == main,
                    parent == Some(main)
                );
                assert_eq!(own, pid);
            }
            Ok(())
        })
    }
}
