//! Standard error, for what a program is told unasked.

/// Writes to standard error, at once, so that the lines of others do not come between.
pub(super) fn write(text: &str) {
    use std::io::Write;
    // Without standard error there is no place for it.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
