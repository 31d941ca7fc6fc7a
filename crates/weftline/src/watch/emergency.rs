//! The emergency call: a signal on which a process tells what each thread waits for, however it
//! hangs.
//!
//! # Implementation
//!
//! One that asks (`request.rs`) listens on a socket whose name has a random number in it, the
//! *nonce*, and sends the signal with the nonce as its value. The handler connects, checks that the
//! other end belongs to the same user, writes `wire.rs`, and closes (`answer.rs`). A signal without
//! a nonce, as of `kill`, has it write a text to standard error. So does one that cannot be
//! answered, because the process has no descriptor left. Nothing is written for a process that has
//! stopped listening. The handler takes no memory, waits for no lock and has a stack of its own
//! (`own_stack.rs`), so it works whatever the interrupted thread was doing.
//!
//! **Stacks of an interpreter.** Only a thread that is attached can tell them, and a handler cannot
//! attach. So the handler leaves the nonce in [`NONCES`], sets [`ASKED`] and stirs one sleeping
//! thread: a wake without a token, which the sleeper answers inside its sleep (`Parker::sleep`) and
//! so remains visible. If none sleeps, and the handler has interrupted a wait in the kernel, as for
//! a socket (`interrupted.rs`), it answers itself. Else the next thread that goes to sleep does.
//! The answer starts a thread, which attaches, tells the stacks to all requests that wait for them,
//! and ends. If another thread holds the interpreter for ever, that thread waits as long; there is
//! one at a time.
//!
//! | `HELPER` | meaning | leaves by |
//! |---|---|---|
//! | `0` | no helper | a stirred thread → this process |
//! | the fork generation | a helper runs in this process, and answers while `ASKED` is set | the helper finds that it is not → `0` |
//! | another generation | the helper was lost in a fork | as `0` |
//!
//! **A program that takes the signal keeps it.** [`install`] leaves a signal alone that has a
//! handler or is ignored. If a program sets its own handler later, the next thread that sleeps long
//! finds that out and takes the mark away (`mark.rs`), and no one asks any more.

use super::answer::{Answer, Line, Refused};
use super::asked::Wanted;
use super::interpreter::{Interpreter, Told};
use super::interrupted::waits_in_kernel;
use super::os::{Descriptor, KeepErrno, Stream};
use super::signal_mask::SignalMask;
use super::{mark, observe, own_stack, plain, wire};
use crate::park::{self, ASKED, fork, now, threads_now};
use std::ffi::{c_int, c_void};
use std::fmt::Write;
use std::mem;
use std::ptr;
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering,
};

/// The signal by default: the twelfth real-time signal from the end. The standards leave these to
/// programs; this one has no known user. Its number is 53 on Linux.
#[must_use]
pub fn default_signal() -> i32 {
    libc::SIGRTMAX() - 11
}

/// The signal with our handler; zero: none.
static SIGNAL: AtomicI32 = AtomicI32::new(0);
/// Tells the stacks of an interpreter: a `fn(&mut Told<'_>)`, or null.
static INTERPRETER: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
static HELPER: AtomicU32 = AtomicU32::new(0);
/// The connection of the handler that has the stack.
static HANDLERS_LINE: Line = Line::new();
/// How many requests the helper answers at a time.
const AT_ONCE: usize = 16;
/// The requests that the next helper answers; zero: none.
static NONCES: [AtomicU64; AT_ONCE] = [const { AtomicU64::new(0) }; AT_ONCE];
static NEXT_NONCE: AtomicUsize = AtomicUsize::new(0);
/// The connections of the helper.
static HELPERS_LINES: [Line; AT_ONCE] = [const { Line::new() }; AT_ONCE];

/// Why a process does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotReady {
    /// The number is none of a real-time signal.
    NoSuchSignal,
    /// The program has a handler for the signal, or ignores it.
    Taken,
    /// The system does not let a process show that it answers.
    NoMark,
}

impl std::fmt::Display for NotReady {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoSuchSignal => "the number is none of a real-time signal",
            Self::Taken => "the program uses the signal itself",
            Self::NoMark => "the system has no named memory, by which others see that it answers",
        })
    }
}

impl std::error::Error for NotReady {}

/// Lets this process answer to `signal` from now on, also its children after a fork. Other threads
/// may run. Calling it again does nothing.
///
/// It costs a program nothing until it is asked: no thread, no file and no descriptor.
///
/// # Errors
/// [`NotReady`]. Nothing has changed then, and everything else works.
pub fn install(signal: i32) -> Result<(), NotReady> {
    fork::watch();
    // Reports know the threads that have a record.
    let _ = park::try_current_record();
    if is_ready() {
        return Ok(());
    }
    if !(libc::SIGRTMIN()..=libc::SIGRTMAX()).contains(&signal) {
        return Err(NotReady::NoSuchSignal);
    }
    let before = action_of(signal).ok_or(NotReady::NoSuchSignal)?;
    if before.sa_sigaction != libc::SIG_DFL && !is_ours(signal) {
        return Err(NotReady::Taken);
    }
    close_answers_in_children();
    // SAFETY: all zeros are a valid value.
    let mut ours: libc::sigaction = unsafe { mem::zeroed() };
    ours.sa_sigaction = handle as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as usize;
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
    // SAFETY: the place is valid.
    unsafe { libc::sigfillset(&raw mut ours.sa_mask) };
    // SAFETY: the action is valid, and its handler is safe in every thread.
    if unsafe { libc::sigaction(signal, &raw const ours, ptr::null_mut()) } != 0 {
        return Err(NotReady::NoSuchSignal);
    }
    // Last: by the mark, others see that there is a handler.
    if !mark::set(signal) {
        // SAFETY: the action was valid before.
        unsafe { libc::sigaction(signal, &raw const before, ptr::null_mut()) };
        return Err(NotReady::NoMark);
    }
    SIGNAL.store(signal, Ordering::Release);
    Ok(())
}

/// Has the children of forks close the connections of their parent's threads.
fn close_answers_in_children() {
    extern "C" fn in_child() {
        HANDLERS_LINE.hang_up();
        HELPERS_LINES.iter().for_each(Line::hang_up);
    }
    static IS_ARRANGED: AtomicBool = AtomicBool::new(false);
    // Relaxed: it guards no other memory.
    if !IS_ARRANGED.swap(true, Ordering::Relaxed) {
        // SAFETY: the handler may run in a child. Without memory, a child keeps a descriptor.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    }
}

/// Whether this process answers.
#[must_use]
pub fn is_ready() -> bool {
    let signal = SIGNAL.load(Ordering::Acquire);
    signal != 0 && is_ours(signal)
}

fn action_of(signal: c_int) -> Option<libc::sigaction> {
    // SAFETY: all zeros are a valid value.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: the place is valid; nothing is changed.
    let failed = unsafe { libc::sigaction(signal, ptr::null(), &raw mut action) };
    (failed == 0).then_some(action)
}

fn is_ours(signal: c_int) -> bool {
    let ours = handle as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as usize;
    action_of(signal).is_some_and(|action| action.sa_sigaction == ours)
}

/// Takes the mark away if the program has taken the signal. For threads that sleep long, now and
/// then: it is a system call.
pub fn give_way() {
    let signal = SIGNAL.load(Ordering::Relaxed);
    if signal != 0 && !is_ours(signal) {
        SIGNAL.store(0, Ordering::Release);
        mark::clear();
    }
}

/// Has `interpreter` tell its stacks when this process is asked.
pub(super) fn set_interpreter(interpreter: Interpreter) {
    INTERPRETER.store(interpreter.tell as *mut (), Ordering::Release);
    park::set_stirred(answer);
}

fn interpreter() -> Option<fn(&mut Told<'_>)> {
    let tell = INTERPRETER.load(Ordering::Acquire);
    // SAFETY: null, or stored by `set_interpreter`.
    (!tell.is_null()).then(|| unsafe { mem::transmute::<*mut (), fn(&mut Told<'_>)>(tell) })
}

/// The signal to which this process answers.
pub(super) fn signal() -> Option<c_int> {
    Some(SIGNAL.load(Ordering::Relaxed)).filter(|&signal| signal != 0)
}

extern "C" fn handle(_signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let _errno = KeepErrno::now();
    // SAFETY: the kernel passes a valid one.
    let info = unsafe { &*info };
    let nonce = if info.si_code == libc::SI_QUEUE {
        // SAFETY: a queued signal has a value.
        unsafe { info.si_value() }.sival_ptr.addr() as u64
    } else {
        0
    };
    let waits = waits_in_kernel(context);
    own_stack::call(|| respond(nonce, waits));
}

/// The interrupted thread waits in the kernel, or may hold locks of the C library.
fn respond(nonce: u64, waits: bool) {
    if nonce != 0 {
        match HANDLERS_LINE.connect(nonce) {
            Ok(answer) => return tell(nonce, answer.socket(), waits),
            Err(Refused::NoListener) => return,
            Err(Refused::System) => {}
        }
    }
    let standard_error = mem::ManuallyDrop::new(Descriptor(libc::STDERR_FILENO));
    let mut out = Stream::to_file(&standard_error);
    let _ = plain::write_report(&mut out).and_then(|()| out.flush());
}

/// Tells this process, and has the interpreter asked for the rest.
fn tell(nonce: u64, socket: &Descriptor, waits: bool) {
    let wanted = Wanted::of(nonce);
    let has_interpreter = interpreter().is_some() && wanted.has_state();
    let since = wanted.within().map(|within| {
        observe::record();
        now().saturating_sub(within)
    });
    let mut out = Stream::to_socket(socket);
    if has_interpreter {
        // Of more requests than that at a time, the oldest get no stacks.
        let place = NEXT_NONCE.fetch_add(1, Ordering::Relaxed) % AT_ONCE;
        NONCES[place].store(nonce, Ordering::Release);
        ASKED.store(1, Ordering::Release);
        if !stir() && waits {
            answer();
        }
    }
    let _ = writeln!(out, "interpreter\t{}", u8::from(has_interpreter))
        .and_then(|()| match since {
            Some(since) if !wanted.has_state() => wire::write_past_alone(&mut out, since),
            since => wire::write_process(&mut out, has_interpreter, since),
        })
        .and_then(|()| out.flush());
}

/// Stirs a thread that sleeps; returns whether there was one. The interrupted thread itself is
/// asked by the end of this signal, which interrupts its sleep.
fn stir() -> bool {
    // One that is shown may be on its way into or out of its sleep.
    threads_now()
        .filter(|thread| thread.blocked().is_some_and(|blocked| blocked.answers()))
        .any(|thread| thread.stir())
}

/// Called by a thread inside its sleep while there is a nonce in `ASKED`, and by a handler that has
/// interrupted a wait in the kernel. Returns whether it has started the helper.
fn answer() -> bool {
    let generation = fork::generation();
    let helper = HELPER.load(Ordering::Relaxed);
    if helper == generation
        || HELPER
            .compare_exchange(helper, generation, Ordering::AcqRel, Ordering::Relaxed)
            .is_err()
    {
        return false;
    }
    let mut thread = 0;
    // The helper inherits the mask, so it takes no signal of the program even at its start.
    let mask = SignalMask::block();
    // SAFETY: the place is valid. The C library makes the thread, because the standard library ends
    // the process where it finds no memory for one.
    let failed = unsafe {
        libc::pthread_create(&raw mut thread, ptr::null(), help, ptr::null_mut()) != 0
            || libc::pthread_detach(thread) != 0
    };
    drop(mask);
    if failed {
        // The next sleeper would fail, too.
        ASKED.store(0, Ordering::Release);
        NONCES
            .iter()
            .for_each(|nonce| nonce.store(0, Ordering::Relaxed));
        HELPER.store(0, Ordering::Release);
    }
    true
}

extern "C" fn help(_: *mut c_void) -> *mut c_void {
    loop {
        if ASKED.swap(0, Ordering::AcqRel) == 0 {
            HELPER.store(0, Ordering::Release);
            // One that was asked meanwhile has found a helper.
            if ASKED.load(Ordering::Acquire) == 0
                || HELPER
                    .compare_exchange(0, fork::generation(), Ordering::AcqRel, Ordering::Relaxed)
                    .is_err()
            {
                return ptr::null_mut();
            }
            continue;
        }
        tell_stacks();
    }
}

/// A request that gets the stacks.
struct Reader {
    nonce: u64,
    line: &'static Line,
    answer: Option<Answer>,
}

impl Reader {
    /// Returns whether the reader is there still. The first text connects, so that the reader knows
    /// how long to wait.
    fn give(&mut self, text: &str) -> bool {
        if self.nonce != 0 && self.answer.is_none() {
            self.answer = self.line.connect(self.nonce).ok();
            self.write(format_args!("stacks\t1\t{}\n", std::process::id()));
        }
        self.write(format_args!("{text}"))
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) -> bool {
        if !self
            .answer
            .as_ref()
            .is_some_and(|answer| write_to(answer, text))
        {
            self.nonce = 0;
            self.answer = None;
        }
        self.answer.is_some()
    }
}

/// Has the interpreter tell its stacks to those that have asked.
fn tell_stacks() {
    let mut at = 0;
    let mut readers = NONCES.each_ref().map(|nonce| {
        at += 1;
        Reader {
            nonce: nonce.swap(0, Ordering::AcqRel),
            line: &HELPERS_LINES[at - 1],
            answer: None,
        }
    });
    let mut give = |text: &str| {
        let there = readers.iter_mut().map(|reader| reader.give(text));
        there.fold(false, |any, is_there| any | is_there)
    };
    let mut told = Told::to(&mut give);
    if let Some(tell) = interpreter() {
        tell(&mut told);
    }
    if told.pass_on() {
        for reader in &mut readers {
            reader.write(format_args!("end\n"));
        }
    }
}

/// Returns whether the reader has got it in time.
fn write_to(answer: &Answer, text: std::fmt::Arguments<'_>) -> bool {
    let mut out = Stream::to_socket(answer.socket());
    out.write_fmt(text).and_then(|()| out.flush()).is_ok()
}
