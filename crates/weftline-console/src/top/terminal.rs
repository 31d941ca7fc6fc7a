//! [`Screen`]: the whole of the terminal, and its way back to what it was.
//!
//! The terminal comes back however the view ends: on return, on a panic, and before the process
//! stops or is ended by a signal.

use super::ansi::Device;
use super::signals;
use ratatui::layout::Size;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::stdio::{stdin, stdout};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use weftline::Lock;

/// Shows the other screen, without wrapping lines and without a cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?7l\x1b[?25l\x1b[0m\x1b[2J";
const LEAVE: &[u8] = b"\x1b[0m\x1b[?2026l\x1b[?7h\x1b[?25h\x1b[?1049l";
/// How long a terminal may take nothing before it is left as it is.
const UNTIL_LEFT: Duration = Duration::from_millis(500);

/// How the terminal was before, while a view is on it.
static BEFORE: Lock<Option<Termios>> = Lock::new(None);

type Hook = dyn Fn(&std::panic::PanicHookInfo<'_>) + Send + Sync;

/// The terminal, with the view on it.
pub(crate) struct Screen {
    /// What panics did before.
    hook: Arc<Hook>,
}

/// Whether there is a terminal on both ends.
pub(crate) fn is_there() -> bool {
    rustix::termios::isatty(stdin()) && rustix::termios::isatty(stdout())
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Those of the terminal.
    pub(crate) fn enter() -> io::Result<Self> {
        take().inspect_err(|_| give_back())?;
        let hook: Arc<Hook> = Arc::from(std::panic::take_hook());
        let (own, then) = (thread::current().id(), Arc::clone(&hook));
        std::panic::set_hook(Box::new(move |info| {
            if thread::current().id() == own {
                give_back();
            }
            then(info);
        }));
        Ok(Self { hook })
    }

    /// Gives the terminal back for a while.
    pub(crate) fn leave(&self) {
        give_back();
    }

    /// Takes it again.
    ///
    /// # Errors
    /// Those of the terminal.
    pub(crate) fn come_back(&self) -> io::Result<()> {
        give_back();
        take()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
        // A panicking thread may not change it.
        if !thread::panicking() {
            let hook = Arc::clone(&self.hook);
            std::panic::set_hook(Box::new(move |info| hook(info)));
        }
    }
}

fn take() -> io::Result<()> {
    let before = tcgetattr(stdin())?;
    let mut raw = before.clone();
    raw.make_raw();
    *BEFORE.lock() = Some(before);
    tcsetattr(stdin(), OptionalActions::Drain, &raw)?;
    write_all(ENTER, None)
}

/// Gives the terminal back, once.
fn give_back() {
    let Some(before) = BEFORE.lock().take() else {
        return;
    };
    // A terminal that is gone is restored by no bytes.
    let _ = write_all(LEAVE, Some(UNTIL_LEFT));
    let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
}

/// Writes all of the bytes. A terminal that takes none ends this after `most`, or when a signal
/// comes that ends the process.
fn write_all(mut bytes: &[u8], most: Option<Duration>) -> io::Result<()> {
    while !bytes.is_empty() {
        if let Some(most) = most {
            let most = Timespec::try_from(most).unwrap_or_default();
            let mut ready = [PollFd::from_borrowed_fd(stdout(), PollFlags::OUT)];
            if matches!(poll(&mut ready, Some(&most)), Ok(0)) {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        match rustix::io::write(stdout(), bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) if most.is_none() && signals::ending().is_some() => {
                return Err(io::ErrorKind::Interrupted.into());
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let mut ready = [PollFd::from_borrowed_fd(stdout(), PollFlags::OUT)];
                let _ = poll(&mut ready, None);
                if most.is_none() && signals::ending().is_some() {
                    return Err(io::ErrorKind::Interrupted.into());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The terminal as ratatui's backend writes to it.
pub(crate) struct Output;

impl Device for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        write_all(bytes, None)
    }

    fn size(&self) -> io::Result<Size> {
        let size = tcgetwinsize(stdout())?;
        // A serial line does not tell its size.
        Ok(match (size.ws_col, size.ws_row) {
            (0, _) | (_, 0) => Size::new(80, 24),
            (columns, rows) => Size::new(columns, rows),
        })
    }
}
