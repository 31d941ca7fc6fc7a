//! Processes that do not start, and the errors.

use crate::Case;
use crate::children::{descriptors, has_no_children_left, own_pid};
use crate::programs::{CHOICE, command, output};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use weftline::process::{self, Process, ProcessError, StartError, register};

pub(crate) const CASES: &[Case] = &[
    ("not registered", not_registered),
    ("registered twice", registered_twice),
    ("not initialised", not_initialised),
    ("never begun", never_begun),
    ("started by hand", started_by_hand),
    ("refused by the system", refused_by_the_system),
    ("no descriptor is left", no_descriptor_is_left),
];

fn unregistered() {}

fn not_registered() {
    let refused = process::spawn(unregistered, ()).unwrap_err();
    let told = refused.to_string();
    assert!(
        told.contains("refusals::unregistered` is not registered"),
        "{told}"
    );
    let StartError::NotRegistered { name, registered } = refused else {
        panic!("{told}");
    };
    assert_eq!(name, concat!(module_path!(), "::unregistered"));
    assert!(
        registered.contains(&concat!(module_path!(), "::twin_of_one")),
        "{registered:?}"
    );
    let refused = Process::<u32>::named("the largest numbr", (1,))
        .start()
        .unwrap_err();
    let StartError::NotRegistered { registered, .. } = refused else {
        panic!("{refused}");
    };
    // There are many, so similar names come first.
    assert_eq!(registered[0], "the largest number");
    let captured = 7;
    assert_eq!(captured, 7);
    let refused = process::spawn(|number: u32| number + 1, (1,)).unwrap_err();
    assert!(
        matches!(refused, StartError::NotRegistered { .. }),
        "{refused:?}"
    );
}

fn twin_of_one() {}
fn twin_of_other() {}
register!(twin_of_one);
register!("twin", twin_of_one);
register!("twin", twin_of_other);

fn registered_twice() {
    let refused = Process::<()>::named("twin", ()).start().unwrap_err();
    assert!(matches!(&refused, StartError::RegisteredTwice { name } if name == "twin"));
    assert!(refused.to_string().contains("`twin`"), "{refused}");
    assert!(process::spawn(twin_of_other, ()).is_err());
    // Under its other name it is the only one.
    process::spawn(twin_of_one, ()).unwrap().join().unwrap();
}

fn not_initialised() {
    let output = output(&mut command("uninitialised"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        told.contains("weftline::run") && told.contains("process::init()"),
        "{told}"
    );
}

fn never_begun() {
    let child = Process::new(own_pid, ())
        .env(CHOICE, "never comes to it")
        .start()
        .unwrap();
    let process = child.process().clone();
    let error = child.join().unwrap_err();
    assert!(
        matches!(error, ProcessError::NeverBegan { code: 5, .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("weftline::run"), "{error}");
    assert_eq!(process.exitcode(), Some(5));
}

fn started_by_hand() {
    let by_hand = |stdin: Stdio| {
        let mut program = command("");
        output(
            program
                .env_remove(CHOICE)
                .args(["--weftline-process", "x"])
                .stdin(stdin),
        )
    };
    let (one, _other) = UnixStream::pair().unwrap();
    for stdin in [Stdio::null(), OwnedFd::from(one).into()] {
        let output = by_hand(stdin);
        assert_eq!(output.status.code(), Some(2));
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(
            told.starts_with("weftline: --weftline-process ") && told.contains("by hand"),
            "{told}"
        );
    }
    // The right kind of socket, but the message is another; or no message comes, because the parent
    // has ended.
    for words in [Some("good morning"), None] {
        let (ours, theirs) = rustix::net::socketpair(
            rustix::net::AddressFamily::UNIX,
            rustix::net::SocketType::SEQPACKET,
            rustix::net::SocketFlags::CLOEXEC,
            None,
        )
        .unwrap();
        if let Some(words) = words {
            rustix::net::send(&ours, words.as_bytes(), rustix::net::SendFlags::empty()).unwrap();
        }
        drop(ours);
        let output = by_hand(theirs.into());
        assert_eq!(output.status.code(), Some(2));
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(told.contains("cannot be read"), words.is_some(), "{told}");
        assert_eq!(told.is_empty(), words.is_none(), "{told}");
    }
}

fn refused_by_the_system() {
    let before = descriptors();
    let refused = Process::new(own_pid, ())
        .current_dir("/no such directory")
        .start()
        .unwrap_err();
    let told = refused.to_string();
    assert!(
        matches!(refused, StartError::System(_)) && told.contains("directory"),
        "{told}"
    );
    has_no_children_left();
    assert_eq!(descriptors(), before);
}

fn no_descriptor_is_left() {
    let output = output(&mut command("has no descriptor left"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "true\n",
        "{told}"
    );
}
