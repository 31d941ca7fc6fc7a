//! The command `weftline top` of Rust programs, in a terminal: it asks this process, in which two
//! threads are deadlocked.
#![cfg(target_os = "linux")]
#![allow(missing_docs, reason = "a test program")]

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use weftline::{Barrier, Builder, Lock, watch};

const LONG: Duration = Duration::from_secs(60);

/// The command, in a terminal of its own.
struct View {
    command: Child,
    keys: File,
    shown: Receiver<Vec<u8>>,
    text: String,
    /// The command's end of the terminal, which stays open.
    terminal: OwnedFd,
    before: Termios,
}

impl View {
    fn of(pid: u32, environment: &[(&str, &str)]) -> Self {
        let own = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&own).unwrap();
        unlockpt(&own).unwrap();
        let name = ptsname(&own, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let terminal = open(name, flags, Mode::empty()).unwrap();
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&terminal, size).unwrap();
        let before = tcgetattr(&terminal).unwrap();
        let end = || Stdio::from(terminal.try_clone().unwrap());
        let command = Command::new(env!("CARGO_BIN_EXE_weftline"))
            .args(["top", &pid.to_string()])
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .envs(environment.iter().copied())
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        let keys = File::from(own);
        let mut screen = keys.try_clone().unwrap();
        let (tell, shown) = channel();
        std::thread::spawn(move || {
            let mut bytes = vec![0; 1 << 16];
            while let Ok(got @ 1..) = screen.read(&mut bytes) {
                if tell.send(bytes[..got].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            command,
            keys,
            shown,
            text: String::new(),
            terminal,
            before,
        }
    }

    /// Waits until this is on the screen.
    fn wait_for(&mut self, what: &str) {
        let end = Instant::now() + LONG;
        while !self.text.contains(what) {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.shown.recv_timeout(left) else {
                panic!("{what:?} is not in {:?}", self.text);
            };
            // A blank that was one before is stepped over.
            self.text += &String::from_utf8_lossy(&bytes).replace("\u{1b}[C", " ");
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end of the command: its status, and whether the terminal is as it was.
    fn end(mut self) -> (Option<i32>, bool) {
        self.wait_for("\u{1b}[?1049l");
        let status = self.command.wait().unwrap();
        let after = tcgetattr(&self.terminal).unwrap();
        let is_alike = after.local_modes == self.before.local_modes
            && after.input_modes == self.before.input_modes
            && after.output_modes == self.before.output_modes;
        (status.code(), is_alike)
    }
}

/// Has two threads of this process wait for each other from now on.
fn deadlock() {
    watch::install_as_told().unwrap();
    let locks = Arc::new([Lock::new(()), Lock::new(())]);
    let both = Arc::new(Barrier::new(2));
    for (own, other) in [(0, 1), (1, 0)] {
        let (locks, both) = (Arc::clone(&locks), Arc::clone(&both));
        let builder = Builder::new().name(format!("stuck-{own}")).daemon(true);
        let stuck = move || {
            let _own = locks[own].lock();
            let _ = both.wait();
            let _other = locks[other].lock();
        };
        builder.spawn(stuck).unwrap();
    }
}

#[test]
fn the_view_shows_a_deadlock_and_gives_the_terminal_back() {
    deadlock();
    let mut view = View::of(std::process::id(), &[]);
    view.wait_for("1 deadlock");
    view.wait_for("! 2 threads wait for each other: stuck-0, stuck-1");
    view.press("\r");
    view.wait_for("tests/top.rs:");
    view.press("\u{1b}[21~");
    assert_eq!(view.end(), (Some(0), true));

    let mut plain = View::of(std::process::id(), &[("NO_COLOR", "1")]);
    plain.wait_for("deadlock");
    assert!(!plain.text.contains("\u{1b}[0;1;91m"), "{:?}", plain.text);
    let command = plain.command.id().to_string();
    let killed = Command::new("kill").args(["-TERM", &command]).status();
    assert!(killed.unwrap().success());
    assert_eq!(plain.end(), (None, true), "the signal has ended it");
}
