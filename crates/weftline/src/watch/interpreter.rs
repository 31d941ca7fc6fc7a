//! What an interpreter tells of its threads, for reports and verdicts.

use super::field::Text;
use crate::park::Site;
use std::fmt::{self, Write};

/// How a binding answers for its interpreter. The functions may wait until they are attached.
#[derive(Clone, Copy, Debug)]
pub struct Interpreter {
    /// Tells the names and stacks of all threads.
    pub tell: fn(&mut Told),
    /// Tells the name and stack of the calling thread, if it is attached. Its number is not read.
    pub tell_own: fn(&mut Told),
    /// Makes the site the innermost line of the program on the calling thread, if it is attached.
    pub site: fn(&mut Site),
    /// How many threads the interpreter has beside those with the identifiers, which wait, if each
    /// of these waits for the ends of threads at the exit, or wakes no thread of the program.
    /// `None` if one may do something else.
    pub others_at_exit: fn(&[u64]) -> Option<usize>,
    /// Whether the program handles a signal, other than an interrupt from the keyboard in the
    /// default way. A handler of a library in C wakes no thread.
    pub handles_signals: fn() -> bool,
}

/// What an interpreter tells. Where there is no memory for a line, that line is left out.
#[derive(Debug, Default)]
pub struct Told(pub(super) String);

impl Told {
    fn line(&mut self, line: fmt::Arguments<'_>) {
        let before = self.0.len();
        if writeln!(self, "{line}").is_err() {
            self.0.truncate(before);
        }
    }

    /// A thread, by what `threading.get_ident()` returns there, and its name.
    pub fn name(&mut self, os_ident: u64, name: &str) {
        self.line(format_args!("name\t{os_ident}\t{}", Text(name)));
    }

    /// A frame of that thread, the innermost first.
    pub fn frame(&mut self, os_ident: u64, function: &str, file: &str, line: u32) {
        let (function, file) = (Text(function), Text(file));
        self.line(format_args!(
            "frame\t{os_ident}\t{function}\t{file}\t{line}"
        ));
    }

    /// That thread has further frames, which are not told.
    pub fn cut(&mut self, os_ident: u64) {
        self.line(format_args!("cut\t{os_ident}"));
    }
}

impl Write for Told {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.try_reserve(text.len()).map_err(|_| fmt::Error)?;
        self.0.push_str(text);
        Ok(())
    }
}
