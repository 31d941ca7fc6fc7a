//! What an interpreter tells of its threads, for reports and verdicts.

use super::field::Text;
use crate::park::Site;
use std::fmt::{self, Write};

/// How a binding answers for its interpreter. The functions may wait until they are attached.
#[derive(Clone, Copy, Debug)]
pub struct Interpreter {
    /// Tells the names and stacks of all threads, and calls [`Told::pass_on`] now and then.
    pub tell: fn(&mut Told<'_>),
    /// Tells the name and stack of the calling thread, if it is attached. Its number is not read.
    pub tell_own: fn(&mut Told<'_>),
    /// Makes the site the innermost line of the program on the calling thread, if it is attached.
    pub site: fn(&mut Site),
    /// How many threads the interpreter has beside those with the identifiers, which wait. `None`
    /// unless each of them waits for the ends of threads at the exit, or wakes no thread of the
    /// program.
    pub others_at_exit: fn(&[u64]) -> Option<usize>,
    /// Whether the program handles a signal, other than an interrupt from the keyboard in the
    /// default way. A handler of a library in C wakes no thread.
    pub handles_signals: fn() -> bool,
}

/// What an interpreter tells. Where there is no memory for a line, that line is left out.
#[derive(Default)]
pub struct Told<'a> {
    pub(super) text: String,
    /// Gives the text to its reader, and returns whether there is one still.
    give: Option<&'a mut (dyn FnMut(&str) -> bool + Send)>,
}

impl<'a> Told<'a> {
    /// For a reader that gets the text in parts.
    #[cfg(target_os = "linux")]
    pub(super) fn to(give: &'a mut (dyn FnMut(&str) -> bool + Send)) -> Self {
        Self {
            text: String::new(),
            give: Some(give),
        }
    }

    fn line(&mut self, line: fmt::Arguments<'_>) {
        let before = self.text.len();
        if writeln!(self, "{line}").is_err() {
            self.text.truncate(before);
        }
    }

    /// Passes on what was told, which may wait for the reader: the caller does not hold the
    /// interpreter. Returns whether there is a reader for the rest.
    pub fn pass_on(&mut self) -> bool {
        let Some(give) = &mut self.give else {
            return true;
        };
        let is_wanted = give(&self.text);
        self.text.clear();
        is_wanted
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

impl fmt::Debug for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Told").field(&self.text).finish()
    }
}

impl Write for Told<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text.try_reserve(text.len()).map_err(|_| fmt::Error)?;
        self.text.push_str(text);
        Ok(())
    }
}
