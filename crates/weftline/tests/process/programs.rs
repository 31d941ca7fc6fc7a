//! Programs that are checked from outside: each is this program again, chosen by a variable of its
//! environment.

use crate::children::own_pid;
use crate::endings::held;
use crate::support::{LONG, SHORT, limit, now, until};
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd};
use std::process::{Child, Command, ExitCode, Output, Stdio};
use weftline::process::{
    self, Descriptor, Process, ProcessError, ProcessPoolExecutor, Queue, StartError, register,
};
use weftline::{Event, at_exit, run};

/// The variable that chooses. The processes of a program have it too, but they never read it.
pub(crate) const CHOICE: &str = "WEFTLINE_TEST_PROGRAM";

type Program = fn() -> ExitCode;

const PROGRAMS: &[(&str, Program)] = &[
    ("uninitialised", uninitialised),
    ("never comes to it", || ExitCode::from(5)),
    ("leaves two behind", leaves_two_behind),
    ("runs to its end", runs_to_its_end),
    ("has a deaf daemon", has_a_deaf_daemon),
    ("panics", panics),
    ("has no descriptor left", has_no_descriptor_left),
    ("has closed its streams", has_closed_its_streams),
    ("wants to hear of no child", wants_to_hear_of_no_child),
];

/// The program of this process, if it does not run the tests.
pub(crate) fn chosen() -> Option<Program> {
    let chosen = std::env::var(CHOICE).ok()?;
    let program = PROGRAMS.iter().find(|program| program.0 == chosen);
    Some(program.expect("a program of that name").1)
}

/// This program, with one of those chosen.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a test knows its own file"));
    command.env(CHOICE, program).env("RUST_BACKTRACE", "0");
    command
}

/// Runs it to its end; its output fits into a pipe.
pub(crate) fn output(command: &mut Command) -> Output {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = command.spawn().expect("this program runs");
    wait_for(&mut program);
    program.wait_with_output().expect("its output can be read")
}

pub(crate) fn wait_for(program: &mut Child) {
    let start = now();
    while program.try_wait().expect("it can be waited for").is_none() {
        if start.elapsed() > LONG {
            program.kill().expect("it can be killed");
            panic!("it has not ended after {LONG:?}");
        }
        std::thread::sleep(SHORT);
    }
}

fn uninitialised() -> ExitCode {
    let refused = process::spawn(own_pid, ()).unwrap_err();
    assert!(matches!(refused, StartError::NotInitialised));
    println!("{refused}");
    ExitCode::SUCCESS
}

fn says_later(line: String) {
    std::thread::sleep(10 * SHORT);
    println!("{line}");
}
register!(says_later);

fn exits_at_once() {
    std::process::exit(3);
}
register!(exits_at_once);

fn waits_for_ever() {
    Event::new().wait();
}
register!(waits_for_ever);

/// Waits for ever, in spite of `SIGTERM`; closes the descriptor when the signal is ignored.
fn is_deaf(ready: Descriptor) {
    // SAFETY: nothing but the signal is changed.
    unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
    drop(ready);
    waits_for_ever();
}
register!(is_deaf);

fn quiet(process: Process<()>) -> Process<()> {
    process
        .stdout(process::Stdio::null())
        .stderr(process::Stdio::null())
}

/// Prints the numbers of a daemon and of a process that is no daemon. Ends, or is killed, when its
/// standard input ends.
fn leaves_two_behind() -> ExitCode {
    process::init();
    let daemon = std::thread::spawn(|| {
        quiet(Process::new(waits_for_ever, ()))
            .daemon(true)
            .start()
            .unwrap()
    });
    // The thread that has started the daemon has ended.
    let daemon = daemon.join().unwrap();
    let other = quiet(Process::new(waits_for_ever, ())).start().unwrap();
    println!("{}\n{}", daemon.pid(), other.pid());
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
    ExitCode::SUCCESS
}

fn runs_to_its_end() -> ExitCode {
    run(|| {
        at_exit(|| {
            println!("callback");
            drop(process::spawn(says_later, ("child of the callback".to_owned(),)).unwrap());
        });
        let daemon = Process::new(waits_for_ever, ())
            .daemon(true)
            .start()
            .unwrap();
        println!("{}", daemon.pid());
        drop(process::spawn(says_later, ("child".to_owned(),)).unwrap());
        ExitCode::from(7)
    })
}

fn has_a_deaf_daemon() -> ExitCode {
    run(|| {
        let (mut ready, writer) = std::io::pipe().unwrap();
        let daemon = Process::new(is_deaf, (writer.into(),))
            .daemon(true)
            .start()
            .unwrap();
        println!("{}", daemon.pid());
        std::io::copy(&mut ready, &mut std::io::sink()).unwrap();
        ExitCode::SUCCESS
    })
}

fn panics() -> ExitCode {
    run(|| {
        drop(process::spawn(says_later, ("child".to_owned(),)).unwrap());
        panic!("main has panicked");
    })
}

/// Starts processes under every limit of descriptors that is too low, and under the first that is
/// not.
fn has_no_descriptor_left() -> ExitCode {
    process::init();
    let _limit = limit();
    let highest = std::fs::File::open("/dev/null")
        .unwrap()
        .as_raw_fd()
        .cast_unsigned();
    let (kept, writer) = held();
    let before = crate::children::descriptors();
    let mut refusals = 0;
    for descriptors in u64::from(highest).. {
        limit_descriptors(descriptors);
        let started = process::spawn(own_pid, ());
        let joined = started.map(process::Child::join);
        limit_descriptors(1024);
        match joined {
            Ok(Ok(_)) => break,
            // There were enough for the start, but the process itself had too few.
            Ok(Err(error)) => assert!(
                matches!(error, process::ProcessError::NeverBegan { code: 2, .. }),
                "{error}"
            ),
            Err(StartError::System(why)) => {
                assert_eq!(why.raw_os_error(), Some(libc::EMFILE));
                assert!(StartError::System(why).to_string().contains("ulimit -n"));
            }
            Err(refused) => panic!("{refused}"),
        }
        refusals += 1;
        assert_eq!(process::active_children(), [kept.process().clone()]);
        assert_eq!(crate::children::descriptors(), before);
    }
    drop(writer);
    kept.join().unwrap();
    crate::children::has_no_children_left();
    println!("{}", refusals > 3);
    ExitCode::SUCCESS
}

fn limit_descriptors(number: u64) {
    let limit = libc::rlimit {
        rlim_cur: number,
        rlim_max: 1024,
    };
    // SAFETY: the limit is a valid place, and this process exists for this alone.
    let failed = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    assert_eq!(failed, 0);
}

fn reads_input(numbers: Queue<u32>) -> (usize, u32) {
    let read = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    (read.expect("it is empty") as usize, numbers.get().unwrap())
}
register!(reads_input);

/// Files opened after that get the numbers of the standard streams, and the program still writes to
/// those numbers.
fn has_closed_its_streams() -> ExitCode {
    process::init();
    let errors = std::io::stderr().as_fd().try_clone_to_owned().unwrap();
    for stream in 0..=2 {
        // SAFETY: closed for good, as a daemon does that leaves its terminal; the standard library
        // expects that.
        unsafe { libc::close(stream) };
    }
    let say = || {
        println!("{}", "out ".repeat(100));
        eprintln!("{}", "err ".repeat(100));
    };
    let numbers = Queue::unbounded().unwrap();
    say();
    let child = process::spawn(reads_input, (numbers.clone(),));
    say();
    let put = numbers.put(7);
    say();
    let joined = child.map(process::Child::join);
    let is_well = put.is_ok() && matches!(&joined, Ok(Ok((0, 7))));
    if !is_well {
        let mut errors = std::fs::File::from(errors);
        writeln!(errors, "{put:?} {joined:?}").unwrap();
    }
    ExitCode::from(u8::from(!is_well))
}

/// A program that ignores that signal has the system drop its record of how children end.
fn wants_to_hear_of_no_child() -> ExitCode {
    // SAFETY: nothing but the signal is changed.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    run(|| {
        let (child, writer) = held();
        assert!(child.is_alive());
        drop(writer);
        assert_eq!(child.join(), Ok(0), "a value comes all the same");
        let (child, _writer) = held();
        child.kill().unwrap();
        let process = child.process().clone();
        let error = child.join().unwrap_err();
        assert!(matches!(error, ProcessError::Lost { .. }), "{error:?}");
        assert_eq!(process.exitcode(), Some(255));
        for _ in 0..50 {
            // No record of it is left, and another process may have its number.
            let child = process::spawn(exits_at_once, ()).unwrap();
            let error = child.join().unwrap_err();
            assert!(matches!(error, ProcessError::Lost { .. }), "{error:?}");
        }
        let pool = ProcessPoolExecutor::new(2);
        for _ in 0..3 {
            let numbers = [(); 4].map(|()| pool.submit(own_pid, ()).unwrap());
            assert!(
                numbers
                    .into_iter()
                    .all(|number| number.result().unwrap() > 0)
            );
            let lost = pool.submit(exits_at_once, ()).unwrap();
            let told = lost.result().unwrap_err().to_string();
            assert!(told.contains("ignore SIGCHLD"), "{told}");
        }
        let held = pool.submit(waits_for_ever, ()).unwrap();
        until(|| held.running());
        assert!(held.cancel(), "its process is killed");
        pool.shutdown();
        drop(process::spawn(says_later, ("late".to_owned(),)).unwrap());
        ExitCode::SUCCESS
    })
}
