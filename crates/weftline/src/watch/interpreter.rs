//! What an interpreter tells of its threads, for reports and verdicts.

use super::wire::Text;
use std::fmt::Write;

/// How a binding answers for its interpreter. The functions may wait until they are attached.
#[derive(Clone, Copy, Debug)]
pub struct Interpreter {
    /// Tells the names and stacks of all threads.
    pub tell: fn(&mut Told),
    /// How many threads the interpreter has beside those with the identifiers, which wait, if all
    /// of these wait for the ends of threads at the exit. `None` if one may do something else.
    pub others_at_exit: fn(&[u64]) -> Option<usize>,
    /// Whether an interrupt from the keyboard ends the program, as by default.
    pub interrupt_ends: fn() -> bool,
}

/// What an interpreter tells.
#[derive(Debug, Default)]
pub struct Told(pub(super) String);

impl Told {
    /// A thread, by what `threading.get_ident()` returns there, and its name.
    pub fn name(&mut self, os_ident: u64, name: &str) {
        let _ = writeln!(self.0, "name\t{os_ident}\t{}", Text(name));
    }

    /// A frame of that thread, the innermost first.
    pub fn frame(&mut self, os_ident: u64, function: &str, file: &str, line: u32) {
        let (function, file) = (Text(function), Text(file));
        let _ = writeln!(self.0, "frame\t{os_ident}\t{function}\t{file}\t{line}");
    }
}
