//! What a process has from its parent: its arguments and streams, and nothing else.

use crate::Case;
use crate::programs::{command, output};
use std::fs::File;
use std::io::{Read, Write, pipe};
use std::os::fd::AsRawFd;
use weftline::process::{self, Process, Stdio, register};

pub(crate) const CASES: &[Case] = &[
    ("no descriptor is inherited", nothing_is_inherited),
    ("standard streams", standard_streams),
    ("standard streams that are closed", closed_streams),
    ("environment and directory", environment),
    ("names outside", names_outside),
    ("memory", memory),
];

/// Every descriptor above the standard streams, with its file.
fn open_files() -> Vec<(i32, String)> {
    let list = std::fs::read_dir("/proc/self/fd").unwrap();
    let numbers: Vec<i32> = list
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    numbers
        .into_iter()
        .filter(|number| *number > 2)
        .filter_map(|number| {
            // The list's own descriptor is closed by now.
            let file = std::fs::read_link(format!("/proc/self/fd/{number}")).ok()?;
            Some((number, file.to_str()?.to_owned()))
        })
        .collect()
}
register!(open_files);

fn nothing_is_inherited() {
    let (reader, _writer) = pipe().unwrap();
    let file = File::open("/dev/zero").unwrap();
    // Without the flag that would close them in another program; one of them has a high number.
    // SAFETY: this test alone closes them, below.
    let careless = unsafe {
        [
            libc::dup(reader.as_raw_fd()),
            libc::dup2(file.as_raw_fd(), 700),
        ]
    };
    assert!(careless.iter().all(|&it| it > 2));
    let open = process::spawn(open_files, ()).unwrap().join().unwrap();
    for descriptor in careless {
        // SAFETY: as above.
        unsafe { libc::close(descriptor) };
    }
    // The child's socket, and the pidfd of its parent.
    let kinds: Vec<_> = open
        .iter()
        .map(|(_, file)| file.split(':').next().unwrap())
        .collect();
    assert_eq!(open.len(), 2, "{open:?}");
    assert!(kinds.contains(&"socket"), "{open:?}");
    assert!(
        kinds.contains(&"anon_inode") || kinds.contains(&"pidfd"),
        "{open:?}"
    );
}

fn echoes() -> String {
    let mut line = String::new();
    std::io::stdin().read_to_string(&mut line).unwrap();
    print!("out {line}");
    eprint!("err {line}");
    line
}
register!(echoes);

fn standard_streams() {
    let ((stdin, mut input), (mut output, stdout), (mut errors, stderr)) =
        (pipe().unwrap(), pipe().unwrap(), pipe().unwrap());
    let child = Process::new(echoes, ())
        .stdin(stdin)
        .stdout(stdout)
        .stderr(stderr)
        .start()
        .unwrap();
    input.write_all(b"hello").unwrap();
    drop(input);
    let (mut said, mut complained) = (String::new(), String::new());
    output.read_to_string(&mut said).unwrap();
    errors.read_to_string(&mut complained).unwrap();
    assert_eq!(
        (said.as_str(), complained.as_str()),
        ("out hello", "err hello")
    );
    assert_eq!(child.join().unwrap(), "hello");

    let child = Process::new(echoes, ())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    assert_eq!(child.start().unwrap().join().unwrap(), "");

    // The default is the parent's own input, even when the parent is a child itself.
    let (stdin, mut input) = pipe().unwrap();
    let child = Process::new(has_it_echoed, ())
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .start()
        .unwrap();
    input.write_all(b"through two").unwrap();
    drop(input);
    assert_eq!(child.join().unwrap(), "through two");
}

fn has_it_echoed() -> String {
    Process::new(echoes, ())
        .stdin(Stdio::inherit())
        .start()
        .unwrap()
        .join()
        .unwrap()
}
register!(has_it_echoed);

fn surroundings(variable: String) -> (Option<String>, String) {
    let directory = std::env::current_dir().unwrap();
    (
        std::env::var(variable).ok(),
        directory.to_str().unwrap().to_owned(),
    )
}
register!(surroundings);

fn environment() {
    let path = std::env::var("PATH").ok();
    let here = std::env::current_dir()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let child = process::spawn(surroundings, ("PATH".to_owned(),)).unwrap();
    assert_eq!(child.join(), Ok((path, here.clone())));
    let child = Process::new(surroundings, ("WEFTLINE_TEST".to_owned(),))
        .env("WEFTLINE_TEST", "set")
        .current_dir("/");
    assert_eq!(
        child.start().unwrap().join(),
        Ok((Some("set".to_owned()), "/".to_owned()))
    );
}

fn how_it_looks() -> (String, Vec<String>) {
    let comm = std::fs::read_to_string("/proc/self/comm").unwrap();
    (comm.trim_end().to_owned(), std::env::args().collect())
}
register!(how_it_looks);

fn names_outside() {
    let child = Process::new(how_it_looks, ())
        .name("münzen zählen, täglich\0x")
        .start()
        .unwrap();
    let (comm, arguments) = child.join().unwrap();
    assert_eq!(comm, "münzen zählen");
    assert_eq!(arguments[0], std::env::args().next().unwrap());
    assert_eq!(
        arguments[1..],
        ["--weftline-process", "münzen zählen, täglich"]
    );

    // The system takes no argument that long; the process itself knows the whole name.
    let long = "ä".repeat(100_000);
    let child = Process::new(own_name, ()).name(long.as_str()).start();
    assert_eq!(child.unwrap().join().unwrap(), long);
}

fn own_name() -> String {
    process::current_name().to_owned()
}
register!(own_name);

fn closed_streams() {
    let output = output(&mut command("has closed its streams"));
    assert!(output.status.success(), "{output:?}");
}

static CHANGED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

fn change() -> u32 {
    CHANGED.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1
}
register!(change);

fn memory() {
    assert_eq!(change(), 1);
    assert_eq!(
        process::spawn(change, ()).unwrap().join(),
        Ok(1),
        "it begins from the beginning"
    );
    assert_eq!(change(), 2);
}
