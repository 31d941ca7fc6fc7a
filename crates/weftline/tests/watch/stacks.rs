//! The signal comes to a thread whose stack is small, nearly full, or its alternate one.

use crate::Named;
use crate::child::{Child, ready, say, set_blocked, told};
use crate::support::{count, until};
use std::ffi::c_void;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use weftline::watch;

pub(crate) const SCENARIOS: &[Named] = &[
    ("deep", || weftline::run(|| on_a_thread(deep))),
    ("alternate", || weftline::run(|| on_a_thread(alternate))),
    ("nested", || weftline::run(nested)),
];
pub(crate) const CASES: &[Named] = &[
    ("stacks: near the end of the smallest", || survives("deep")),
    ("stacks: an alternate one, without room to spare", || {
        survives("alternate")
    }),
    ("stacks: other handlers on the alternate one", || {
        survives("nested")
    }),
];

const SMALLEST: usize = 16 * 1024;
/// What a handler may need beside the kernel's own part.
const ROOM: usize = 2 * 1024;

static STOP: AtomicBool = AtomicBool::new(false);
static WORDS: AtomicUsize = AtomicUsize::new(0);

/// The kernel's part of a signal's stack.
fn kernels_part() -> usize {
    // SAFETY: it only reads.
    usize::try_from(unsafe { libc::getauxval(libc::AT_MINSIGSTKSZ) })
        .unwrap()
        .max(2048)
}

/// Runs `f` on a thread of the system's smallest stack, which alone gets the signal.
fn on_a_thread(f: extern "C" fn(*mut c_void) -> *mut c_void) {
    set_blocked(watch::default_signal(), true);
    let mut thread = 0;
    // SAFETY: all zeros are a valid value, and the places are valid.
    unsafe {
        let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
        libc::pthread_attr_init(&raw mut attributes);
        assert_eq!(
            libc::pthread_attr_setstacksize(&raw mut attributes, SMALLEST),
            0
        );
        let null = std::ptr::null_mut();
        assert_eq!(
            libc::pthread_create(&raw mut thread, &raw const attributes, f, null),
            0
        );
    }
    told();
    STOP.store(true, Ordering::Relaxed);
    // SAFETY: the thread exists, and has not been joined.
    unsafe { assert_eq!(libc::pthread_join(thread, std::ptr::null_mut()), 0) };
    say(&WORDS.load(Ordering::Relaxed).to_string());
    told();
}

/// The lowest address of the calling thread's stack.
fn bottom_of_stack() -> usize {
    let (mut bottom, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: all zeros are a valid value, and the places are valid.
    unsafe {
        let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
        libc::pthread_getattr_np(libc::pthread_self(), &raw mut attributes);
        libc::pthread_attr_getstack(&raw const attributes, &raw mut bottom, &raw mut size);
        libc::pthread_attr_destroy(&raw mut attributes);
    }
    bottom.addr()
}

fn wait_for_stop() {
    set_blocked(watch::default_signal(), false);
    ready();
    while !STOP.load(Ordering::Relaxed) {
        std::hint::spin_loop();
    }
    set_blocked(watch::default_signal(), true);
}

/// Calls itself until so little of the stack is left; each call checks its own words at its end.
fn descend(until: usize, depth: usize) -> usize {
    let words = black_box([depth; 8]);
    let below = if words.as_ptr().addr() > until {
        descend(until, depth + 1)
    } else {
        set_blocked(watch::default_signal(), false);
        SENDS_READY.store(true, Ordering::Relaxed);
        while !STOP.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
        set_blocked(watch::default_signal(), true);
        0
    };
    below
        + black_box(words)
            .iter()
            .filter(|&&word| word == depth)
            .count()
}

static SENDS_READY: AtomicBool = AtomicBool::new(false);

extern "C" fn deep(_: *mut c_void) -> *mut c_void {
    // A print needs more stack than there is.
    std::thread::spawn(|| {
        until(|| SENDS_READY.load(Ordering::Relaxed));
        ready();
    });
    let words = descend(bottom_of_stack() + kernels_part() + ROOM, 1);
    assert!(words.is_multiple_of(8));
    WORDS.store(words, Ordering::Relaxed);
    std::ptr::null_mut()
}

extern "C" fn alternate(_: *mut c_void) -> *mut c_void {
    const GUARD: usize = 1024;
    let size = kernels_part() + ROOM;
    let mut memory = vec![0xA5_u8; GUARD + size];
    let stack = libc::stack_t {
        ss_sp: memory[GUARD..].as_mut_ptr().cast(),
        ss_flags: 0,
        ss_size: size,
    };
    // SAFETY: the memory is this thread's until the stack is disabled again.
    unsafe { assert_eq!(libc::sigaltstack(&raw const stack, std::ptr::null_mut()), 0) };
    wait_for_stop();
    let none = libc::stack_t {
        ss_flags: libc::SS_DISABLE,
        ..stack
    };
    // SAFETY: no handler runs on it.
    unsafe { assert_eq!(libc::sigaltstack(&raw const none, std::ptr::null_mut()), 0) };
    let intact = memory[..GUARD].iter().filter(|&&byte| byte == 0xA5).count();
    assert_eq!(intact, GUARD, "the handler wrote below the stack");
    assert!(
        memory[GUARD..].iter().any(|&byte| byte != 0xA5),
        "it was not used"
    );
    WORDS.store(intact, Ordering::Relaxed);
    std::ptr::null_mut()
}

static NESTED: AtomicU32 = AtomicU32::new(0);

/// Uses some stack, at the top of the alternate one.
extern "C" fn use_stack(_: i32) {
    let words = black_box([0x5A5A_5A5A_u32; 64]);
    assert!(words.iter().all(|&word| word == 0x5A5A_5A5A));
    NESTED.fetch_add(1, Ordering::Relaxed);
}

/// A thread with an alternate stack, as Rust's have, gets both signals all the time.
fn nested() {
    // SAFETY: all zeros are a valid value, and the handler only adds to an atomic.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = use_stack as extern "C" fn(i32) as usize;
        action.sa_flags = libc::SA_ONSTACK | libc::SA_RESTART;
        // Rust's alternate stacks have room for one of the kernel's parts at a time.
        libc::sigaddset(&raw mut action.sa_mask, watch::default_signal());
        assert_eq!(
            libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()),
            0
        );
    }
    set_blocked(watch::default_signal(), true);
    set_blocked(libc::SIGUSR1, true);
    let thread = std::thread::spawn(|| {
        set_blocked(libc::SIGUSR1, false);
        wait_for_stop();
    });
    let storm = std::thread::spawn(|| {
        while !STOP.load(Ordering::Relaxed) {
            // SAFETY: no memory is passed.
            unsafe { libc::kill(libc::getpid(), libc::SIGUSR1) };
        }
    });
    told();
    STOP.store(true, Ordering::Relaxed);
    thread.join().unwrap();
    storm.join().unwrap();
    say(&NESTED.load(Ordering::Relaxed).to_string());
    told();
}

fn survives(scenario: &str) {
    let mut child = Child::start(scenario);
    for _ in 0..count(50) {
        child.ask();
    }
    child.tell("stop");
    let words: usize = child.hear().parse().unwrap();
    assert!(words > 0);
    child.end();
}
