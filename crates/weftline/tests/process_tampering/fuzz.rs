//! A child that uses an object, and writes to the object's memory meanwhile.

use crate::herd::{Child, Counters};
use crate::support::{LONG, now};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

/// One use of an object, with a number that selects it.
pub(crate) type Use = Box<dyn Fn(u64) + Send + Sync>;

/// Writes for each seed.
const WRITES: u32 = 60;
/// The longest time of a few uses. A child that takes longer counts as waiting for ever.
const SHORT_WAIT: Duration = Duration::from_millis(20);

fn seeds() -> u64 {
    std::env::var("WEFTLINE_TAMPERINGS").map_or(8, |seeds| seeds.parse().expect("a number"))
}

/// Pseudo-random numbers, the same for a seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// Writes a random value at a random place, mostly near the beginning, where the numbers lie that
/// lead to other places.
fn write(file: &File, numbers: &mut Numbers) {
    let length = file.metadata().expect("it is open").len();
    let within = [128, 320, 512, 1_024, length][numbers.below(5) as usize].min(length);
    let at = numbers.below(within);
    let (aligned, word) = (at & !7, numbers.below(u64::MAX));
    let written = match numbers.below(6) {
        0 => {
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).expect("in the file");
            byte[0] ^= 1 << numbers.below(8);
            file.write_all_at(&byte, at)
        }
        1 => file.write_all_at(&[word as u8], at),
        2 => file.write_all_at(&word.to_le_bytes(), aligned.min(length - 8)),
        3 => file.write_all_at(&(word % 5_000).to_le_bytes(), aligned.min(length - 8)),
        4 => file.write_all_at(&u32::MAX.to_le_bytes(), (at & !3).min(length - 4)),
        _ => file.write_all_at(&[0; 8], aligned.min(length - 8)),
    };
    written.expect("in the file");
}

/// Uses the object until it is killed, in threads, so that their ends have cells to handle.
fn use_it(name: &str, make: fn(&str) -> Option<Use>, seen: &Counters) {
    let panics = seen.share(PANICS);
    let tells = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // A semaphore whose bound was lowered is asked for more than that, and panics: documented.
        let message = panic.payload().downcast_ref::<String>();
        if message.is_some_and(|message| message.contains("would wait for ever")) {
            return;
        }
        // First: a child that seems to hang is killed, and a backtrace takes long.
        panics.fetch_add(1, Ordering::Relaxed);
        tells(panic);
    }));
    let Some(mut uses) = make(name) else {
        // Refused: an error is no failure.
        loop {
            thread::sleep(LONG);
        }
    };
    let mut round = 0_u64;
    loop {
        let uses_it = &uses;
        thread::scope(|scope| {
            for n in 0..2 {
                scope.spawn(move || {
                    for m in 0..50 {
                        let used = || uses_it(round * 100 + n * 50 + m);
                        let _ = catch_unwind(AssertUnwindSafe(used));
                        seen[USES].fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        round += 1;
        // Opens the object as another process does: mostly this is refused.
        if let Some(again) = make(name) {
            uses = again;
        }
    }
}

const USES: usize = 0;
const PANICS: usize = 1;

/// Fails if a child crashes, or panics.
pub(crate) fn tamper(what: &str, make: fn(&str) -> Option<Use>) {
    let begin = now();
    let seen = Counters::new(2);
    let uses = || seen[USES].load(Ordering::Relaxed);
    for seed in 1..=seeds() {
        let name = format!("weftline-test-{}-tampered", std::process::id());
        let path = format!("/dev/shm/{name}");
        drop(make(&name).expect("it is new"));
        let file = File::options().read(true).write(true).open(&path);
        let file = file.expect("it is there");
        let whole = fs::read(&path).expect("it is there");
        let start = || {
            let child = Child::that(|| use_it(&name, make, &seen));
            let (before, deadline) = (uses(), now() + LONG);
            while uses() == before {
                assert!(
                    now() < deadline,
                    "{what}, seed {seed}: the child does not begin"
                );
                thread::sleep(Duration::from_micros(50));
            }
            child
        };
        let mut child = start();
        let mut numbers = Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for n in 0..WRITES {
            write(&file, &mut numbers);
            let (before, deadline) = (uses(), now() + SHORT_WAIT);
            while uses() < before + 4 && now() < deadline {
                thread::sleep(Duration::from_micros(50));
            }
            if uses() < before + 4 {
                // The child waits for a damaged object, which is no failure; a crash is.
                println!("  {what}, seed {seed}: hangs after write {n}");
                child.kill();
                file.write_all_at(&whole, 0).expect("it is there");
                child = start();
            }
        }
        child.kill();
        let panics = seen[PANICS].load(Ordering::Relaxed);
        assert_eq!(panics, 0, "{what}, seed {seed}: panics");
        fs::remove_file(&path).expect("it is there");
    }
    println!(
        "{what}: ok, {} uses ({:.2} s)",
        uses(),
        begin.elapsed().as_secs_f32()
    );
}
