//! Children that use an object all the time, and are killed one by one.

#![allow(dead_code, reason = "each test program uses its own part of it")]

use crate::support::{LONG, count, now};
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The number of kills for each object.
pub(crate) fn kills() -> usize {
    std::env::var("WEFTLINE_KILLS")
        .map_or_else(|_| count(100), |kills| kills.parse().expect("a number"))
}

/// Numbers that parent and children share, without anything of this library.
pub(crate) struct Counters(&'static [AtomicU64]);

impl Counters {
    pub(crate) fn new(n: usize) -> Self {
        // SAFETY: a new mapping, never unmapped but by drop; zero is a value.
        let counters = unsafe {
            let start = libc::mmap(
                std::ptr::null_mut(),
                n * size_of::<AtomicU64>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            assert_ne!(start, libc::MAP_FAILED);
            std::slice::from_raw_parts(start.cast(), n)
        };
        Self(counters)
    }

    /// One counter, for a child, which never unmaps it.
    pub(crate) fn share(&self, n: usize) -> &'static AtomicU64 {
        &self.0[n]
    }
}

impl Drop for Counters {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`.
        unsafe { libc::munmap(self.0.as_ptr().cast_mut().cast(), size_of_val(self.0)) };
    }
}

impl std::ops::Deref for Counters {
    type Target = [AtomicU64];

    fn deref(&self) -> &[AtomicU64] {
        self.0
    }
}

/// A child that is killed when this is dropped, if not before.
pub(crate) struct Child(libc::pid_t);

impl Child {
    /// A fork that does `work` until it is killed; it fails the test when it returns or panics.
    pub(crate) fn that(work: impl FnOnce()) -> Self {
        // SAFETY: this program has one thread.
        match unsafe { libc::fork() } {
            0 => {
                // The child must not outlive the test.
                // SAFETY: plain calls of the system.
                unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
                let code = match std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
                    Ok(()) => 0,
                    Err(_) => 101,
                };
                // SAFETY: as above.
                unsafe { libc::_exit(code) }
            }
            child => {
                assert!(child > 0, "no fork");
                Self(child)
            }
        }
    }

    /// The exit code, or the negative signal.
    fn reap(self) -> i32 {
        let mut status = 0;
        // SAFETY: this test alone waits for the child.
        let reaped = unsafe { libc::waitpid(self.0, &mut status, 0) };
        assert_eq!(reaped, self.0);
        std::mem::forget(self);
        if libc::WIFSIGNALED(status) {
            -libc::WTERMSIG(status)
        } else {
            libc::WEXITSTATUS(status)
        }
    }

    /// Kills it; it must have been alive until then.
    pub(crate) fn kill(self) {
        // SAFETY: a child that has not been waited for.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
        assert_eq!(self.reap(), -libc::SIGKILL, "a child has failed");
    }

    /// Waits until it has ended successfully.
    pub(crate) fn join(self) {
        assert_eq!(self.reap(), 0, "a child has failed");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // SAFETY: as in `kill`.
        unsafe {
            libc::kill(self.0, libc::SIGKILL);
            libc::waitpid(self.0, std::ptr::null_mut(), 0);
        }
    }
}

/// Pseudo-random numbers.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let seed = now.map_or(1, |now| now.as_nanos() as u64) | 1;
        println!("  seed {seed}");
        Self(seed)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    /// A random moment within the next two milliseconds, mostly soon.
    pub(crate) fn moment(&mut self) -> Duration {
        let most = 1 << self.below(12);
        Duration::from_micros(self.below(most))
    }
}

/// Starts `size` children that repeat `work(n, done)`, each counting in `done`. Kills one child,
/// waits until all others have progressed, starts another child in its place, and repeats.
pub(crate) fn cull(size: usize, work: impl Fn(usize, &AtomicU64)) {
    let done = Counters::new(size);
    let start = |n: usize| {
        Child::that(|| {
            loop {
                work(n, &done[n]);
            }
        })
    };
    let mut herd: Vec<_> = (0..size).map(start).collect();
    let mut random = Random::new();
    for _ in 0..kills() {
        std::thread::sleep(random.moment());
        let n = random.below(size as u64) as usize;
        herd.remove(n).kill();
        herd.insert(n, start(n));
        let before: Vec<_> = done
            .iter()
            .map(|done| done.load(Ordering::Relaxed))
            .collect();
        let deadline = now() + LONG;
        // By two: the first operation may have begun before the kill, the second began after it.
        while (0..size).any(|n| done[n].load(Ordering::Relaxed) < before[n] + 2) {
            assert!(
                now() < deadline,
                "a child does not progress: {before:?}, now {:?}",
                &*done
            );
            std::thread::sleep(Duration::from_micros(50));
        }
    }
}

/// The resources that a case must leave as they were.
#[derive(Debug, PartialEq)]
pub(crate) struct Left {
    descriptors: usize,
    mappings: usize,
    named: Vec<String>,
    children: bool,
}

impl Left {
    pub(crate) fn behind() -> Self {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let mine = format!("weftline-test-{}", std::process::id());
        let named = fs::read_dir("/dev/shm").unwrap();
        Self {
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count(),
            mappings: maps
                .lines()
                .filter(|line| line.contains("memfd:weftline"))
                .count(),
            named: named
                .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
                .filter(|name| name.starts_with(&mine))
                .collect(),
            // SAFETY: a query only.
            children: unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } != -1,
        }
    }
}
