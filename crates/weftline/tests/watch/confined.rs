//! A process in a container, or under a filter of system calls, answers as another one, or is
//! refused with the reason.

use crate::Named;
use crate::child::{Child, all_wait, end_with_parent, named, ready, start, stay};
use crate::support::{leak, until};
use std::io::Error;
use std::process::Command;
use weftline::park::ObjectState;
use weftline::watch::{self, RequestError, Snapshot};
use weftline::{Barrier, Lock};

pub(crate) const SCENARIOS: &[Named] = &[
    ("confined", two_locks),
    ("without reads of memory", || {
        filter(&[libc::SYS_process_vm_readv]);
        two_locks();
    }),
    ("without memory files", || {
        filter(&[libc::SYS_memfd_create]);
        two_locks();
    }),
    ("without sockets", || {
        filter(&[libc::SYS_socket]);
        two_locks();
    }),
    ("without dumps", without_dumps),
];
pub(crate) const CASES: &[Named] = &[
    ("confined: no reads of memory", || {
        is_told(&Child::start("without reads of memory"));
    }),
    ("confined: no memory files", no_memory_files),
    ("confined: no sockets", no_sockets),
    ("confined: no dumps", no_dumps),
    ("confined: its own process numbers", own_process_numbers),
    ("confined: its own network", own_network),
];

/// Two threads, each of which waits for the other's lock.
fn two_locks() {
    weftline::run(|| {
        end_with_parent();
        let locks: &[Lock<()>; 2] = leak([Lock::new(()), Lock::new(())]);
        let both_hold: &Barrier = leak(Barrier::new(2));
        for (at, name) in ["left", "right"].into_iter().enumerate() {
            start(name, move || {
                let _held = locks[at].lock();
                both_hold.wait().unwrap();
                drop(locks[1 - at].lock());
            });
        }
        ready();
        stay();
    });
}

fn is_told(child: &Child) {
    has_deadlock(&child.ask_until(|snapshot| all_wait(snapshot, &["left", "right"])));
    child.ask();
}

fn has_deadlock(snapshot: &Snapshot) {
    let (left, right) = (named(snapshot, "left"), named(snapshot, "right"));
    let state = |party: &watch::Party| {
        let object = party
            .wait
            .as_ref()
            .and_then(|wait| snapshot.object(wait.object));
        object.and_then(|object| object.state)
    };
    for (waiter, owner) in [(left, right), (right, left)] {
        let found = state(waiter);
        let Some(ObjectState::Held { by, .. }) = found else {
            panic!("{found:?}");
        };
        assert_eq!(by.get(), owner.number);
    }
    assert_eq!(snapshot.deadlocks().len(), 1);
}

/// Has these calls of the system fail with `EPERM`, as a container's filter does.
fn filter(calls: &[libc::c_long]) {
    const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
    const REFUSE: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    let statement = |code: u32, k: u32| libc::sock_filter {
        code: code as u16,
        jt: 0,
        jf: 0,
        k,
    };
    // The number of the call is the first field.
    let mut program = vec![statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0)];
    for &call in calls {
        program.push(libc::sock_filter {
            jf: 1,
            ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, call as u32)
        });
        program.push(statement(libc::BPF_RET | libc::BPF_K, REFUSE));
    }
    program.push(statement(libc::BPF_RET | libc::BPF_K, ALLOW));
    let filter = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the program is valid, and the kernel copies it.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let set = libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const filter,
        );
        assert_eq!(set, 0, "{}", Error::last_os_error());
    }
}

fn no_memory_files() {
    let mut child = Child::start("without memory files");
    match watch::request(child.pid()) {
        Err(RequestError::NotAnswering) => {
            assert!(child.is_alive());
            println!("    this kernel has no other named memory");
        }
        _ => is_told(&child),
    }
}

/// The handler cannot connect, so it writes to standard error.
fn no_sockets() {
    use std::io::{BufRead, BufReader};

    let mut child = Child::start_as("without sockets", |command| {
        command.stderr(std::process::Stdio::piped());
    });
    let mut errors = BufReader::new(child.errors());
    assert!(matches!(child.refuses(), RequestError::Silent));
    let mut first = String::new();
    errors.read_line(&mut first).unwrap();
    assert!(first.contains("what each thread waits for"), "{first}");
}

/// A process that may not be traced belongs to root as far as others see it.
fn without_dumps() {
    // SAFETY: no memory is passed.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) }, 0);
    two_locks();
}

const NOBODY: u32 = 65_534;

fn is_root() -> bool {
    // SAFETY: always succeeds.
    unsafe { libc::geteuid() == 0 }
}

/// Asks on a thread of its own, as another user if that is said.
fn ask_as(user: Option<u32>, pid: u32) -> Result<Snapshot, RequestError> {
    let asks = move || {
        if let Some(user) = user {
            // SAFETY: no memory is passed. The call changes this thread alone.
            let failed = unsafe { libc::syscall(libc::SYS_setresuid, user, user, user) };
            assert_eq!(failed, 0);
        }
        watch::request(pid)
    };
    std::thread::spawn(asks).join().unwrap()
}

fn no_dumps() {
    let child = Child::start("without dumps");
    if is_root() {
        is_told(&child);
        let refusal = ask_as(Some(NOBODY), child.pid());
        assert!(
            matches!(refusal, Err(RequestError::OtherUser { .. })),
            "{refusal:?}"
        );
    } else {
        let refusal = watch::request(child.pid());
        assert!(
            matches!(
                refusal,
                Err(RequestError::NotVisible | RequestError::OtherUser { .. })
            ),
            "{refusal:?}"
        );
    }
}

/// The command, in namespaces of its own; `None` where the system does not allow them.
fn unshared(options: &[&str]) -> Option<Command> {
    let command = || {
        let mut command = Command::new("unshare");
        command.env_remove("WEFTLINE_SIGNAL");
        if !is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(options);
        command
    };
    let tried = command().arg("true").output();
    if tried.is_ok_and(|done| done.status.success()) {
        return Some(command());
    }
    println!("    the system allows no namespaces here");
    None
}

/// From outside it has another number than from inside.
fn own_process_numbers() {
    let Some(mut command) = unshared(&["--pid", "--fork", "--kill-child", "--mount-proc"]) else {
        return;
    };
    command.arg(std::env::current_exe().unwrap());
    let child = Child::start_with(command, "confined");
    let mut inside = 0;
    until(|| {
        let tree = watch::tree(child.pid()).unwrap();
        inside = tree[tree.len() - 1];
        inside != child.pid()
    });
    let told = || watch::request(inside).expect("it answers");
    until(|| all_wait(&told(), &["left", "right"]));
    let snapshot = told();
    has_deadlock(&snapshot);
    assert_eq!(snapshot.pid, inside);
    assert!(snapshot.parties.iter().any(|party| party.is_main));
}

fn own_network() {
    let Some(mut command) = unshared(&["--net"]) else {
        return;
    };
    command.arg(std::env::current_exe().unwrap());
    let mut child = Child::start_with(command, "confined");
    assert!(matches!(child.refuses(), RequestError::OtherNetwork));
}
