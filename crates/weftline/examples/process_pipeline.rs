//! Pages go through a shared queue to two readers, and their words through another queue to a
//! counter. Each is a process, and waits only where a queue is full or empty.

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
use linux::main;

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn main() {
    println!("weftline has processes on Linux with 64 bits");
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod linux {
    use std::collections::HashMap;
    use std::error::Error;
    use weftline::process::{Queue, register, spawn};
    use weftline::run;

    const PAGES: [&str; 6] = [
        "the warp and the weft",
        "a loom",
        "the loom and the shuttle",
        "cloth",
        "weft and warp",
        "the loom",
    ];

    /// Sends the words of each page on; returns the number of pages.
    fn read(pages: Queue<String>, words: Queue<String>) -> usize {
        let mut read = 0;
        for page in &pages {
            for word in page.split(' ') {
                words.put(word.to_owned()).unwrap();
            }
            read += 1;
        }
        read
    }

    fn count(words: Queue<String>) -> HashMap<String, u32> {
        let mut counts = HashMap::new();
        for word in &words {
            *counts.entry(word).or_default() += 1;
        }
        counts
    }

    register!(read);
    register!(count);

    pub(super) fn main() -> Result<(), Box<dyn Error>> {
        run(|| {
            let (pages, words) = (Queue::bounded(2)?, Queue::bounded(4)?);
            let readers = [
                spawn(read, (pages.clone(), words.clone()))?,
                spawn(read, (pages.clone(), words.clone()))?,
            ];
            let counter = spawn(count, (words.clone(),))?;

            for page in PAGES {
                pages.put(page.to_owned())?;
            }
            pages.shutdown(false);
            let mut read = 0;
            for reader in readers {
                read += reader.join()?;
            }
            words.shutdown(false);
            let mut counts: Vec<_> = counter.join()?.into_iter().collect();
            counts.sort_by_key(|(word, count)| (u32::MAX - count, word.clone()));
            println!("2 readers, 1 counter: {read} pages");
            for (word, count) in &counts[..3] {
                println!("{word} {count}");
            }
            Ok(())
        })
    }
}
