//! The loop that waits for keys, answers and signals, and draws.

use super::ansi::Ansi;
use super::facts::Facts;
use super::keys::{Decoder, UNTIL_ESCAPE};
use super::press::Action;
use super::screen::draw;
use super::signals::{self, Signals};
use super::state::State;
use super::terminal::{Output, Screen};
use super::theme::Theme;
use crate::source::Source;
use ratatui::Terminal;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::stdio::stdin;
use std::io;
use std::sync::Arc;
use weftline::Lock;

/// How the view ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By a key, or because the terminal is gone.
    Quit,
    /// By that signal.
    Signal(i32),
}

/// Shows the view until it is quit.
///
/// # Errors
/// Those of the terminal, and of the start of a thread.
pub(crate) fn run(source: Source, name: String, theme: Theme) -> io::Result<End> {
    show(source, name, theme).or_else(|error| match signals::ending() {
        // It has interrupted a call.
        Some(signal) => Ok(End::Signal(signal)),
        None => Err(error),
    })
}

fn show(source: Source, name: String, theme: Theme) -> io::Result<End> {
    let mut view = View {
        state: State::of(name, Facts::of(source.first())),
        signals: Signals::handle()?,
        screen: Screen::enter()?,
        terminal: Terminal::new(Ansi::new(Output))?,
        decoder: Decoder::default(),
        theme,
    };
    // What has come and is not shown yet. Only the newest counts, however slow the terminal is.
    let newest = Arc::new(Lock::new(None));
    let place = Arc::clone(&newest);
    let _watching = source.watch(move |reading| {
        let facts = Facts::of(reading);
        *place.lock() = Some(facts);
        signals::wake();
    })?;
    loop {
        view.draw()?;
        let end = view.wait()?;
        if let Some(end) = signals::ending().map(End::Signal).or(end) {
            return Ok(end);
        }
        let came = newest.lock().take();
        if let Some(facts) = came {
            view.state.take(facts);
        }
    }
}

// The fields are dropped in this order: the terminal is restored while signals are still handled.
struct View {
    state: State,
    terminal: Terminal<Ansi<Output>>,
    screen: Screen,
    signals: Signals,
    decoder: Decoder,
    theme: Theme,
}

impl View {
    fn draw(&mut self) -> io::Result<()> {
        let (state, theme) = (&mut self.state, self.theme);
        self.terminal.draw(|frame| draw(frame, state, theme))?;
        Ok(())
    }

    /// Waits until something comes, and does what it says.
    fn wait(&mut self) -> io::Result<Option<End>> {
        let until_escape = Timespec::try_from(UNTIL_ESCAPE).unwrap_or_default();
        let most = self.decoder.has_beginning().then_some(&until_escape);
        let woken = self.signals.woken();
        let mut ready = [
            PollFd::from_borrowed_fd(stdin(), PollFlags::IN),
            PollFd::from_borrowed_fd(woken, PollFlags::IN),
        ];
        let count = match poll(&mut ready, most) {
            Ok(count) => count,
            Err(Errno::INTR) => 1,
            Err(error) => return Err(error.into()),
        };
        let has_keys = !ready[0].revents().is_empty();
        let is_woken = !ready[1].revents().is_empty();
        if is_woken {
            self.signals.settle();
        }
        if self.signals.came(libc::SIGTSTP) {
            self.suspend()?;
        }
        // Others may have written to the terminal, or changed it.
        if self.signals.came(libc::SIGCONT) {
            self.screen.come_back()?;
            self.redraw()?;
        }
        self.signals.came(libc::SIGWINCH);
        if count == 0 {
            let keys = self.decoder.end();
            return self.press(keys);
        }
        if !has_keys {
            return Ok(None);
        }
        let mut bytes = [0; 512];
        match rustix::io::read(stdin(), &mut bytes) {
            // The terminal is gone.
            Ok(0) | Err(Errno::IO) => Ok(Some(End::Quit)),
            Ok(got) => {
                let keys = self.decoder.take(&bytes[..got]);
                self.press(keys)
            }
            Err(Errno::INTR | Errno::AGAIN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn press(&mut self, keys: Vec<super::keys::Key>) -> io::Result<Option<End>> {
        for key in keys {
            match self.state.press(key) {
                None => {}
                Some(Action::Quit) => return Ok(Some(End::Quit)),
                Some(Action::Suspend) => self.suspend()?,
                Some(Action::Redraw) => self.redraw()?,
            }
        }
        Ok(None)
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.screen.leave();
        self.signals.suspend()?;
        self.screen.come_back()?;
        self.redraw()
    }

    fn redraw(&mut self) -> io::Result<()> {
        self.terminal.backend_mut().forget();
        self.terminal.clear()
    }
}
