//! The names of threads that were given none: `Thread-N (function)`, `Dummy-N`, `Timer-N`.
//!
//! One count serves all kinds, so no two of them have the same number.

use crate::error::NoMemory;
use crate::memory::try_format;
use std::sync::atomic::{AtomicU64, Ordering};

/// The name for the next thread without one.
pub(super) fn next(kind: &str) -> Result<String, NoMemory> {
    try_format(format_args!("{kind}-{}", next_number()))
}

/// The same for a thread that runs a function of that type.
pub(super) fn of_thread(function_type: &str) -> Result<String, NoMemory> {
    let function = function_name(function_type);
    if function.is_empty() {
        return next("Thread");
    }
    try_format(format_args!("Thread-{} ({function})", next_number()))
}

fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The last segment of a function's path that is a name. It is `open` for
/// `shop::till::open::{{closure}}`, for `shop::till::open<shop::Coins>`, and for `<shop::Till as
/// shop::Opens>::open`.
fn function_name(mut path: &str) -> &str {
    loop {
        path = path.trim_end_matches("::{{closure}}");
        if !path.ends_with('>') {
            break;
        }
        // The matching `<`.
        let mut depth = 0_usize;
        let opens = path.char_indices().rev().find(|&(place, character)| {
            match character {
                // An arrow closes no bracket.
                '>' if !path[..place].ends_with('-') => depth += 1,
                '<' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        match opens {
            Some((place, _)) if place > 0 => path = path[..place].trim_end_matches("::"),
            _ => return "",
        }
    }
    let is_of_a_name = |character: char| character.is_alphanumeric() || character == '_';
    let last = path.rsplit("::").next().unwrap_or("");
    if last.chars().all(is_of_a_name) {
        last
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::function_name;

    #[test]
    fn a_functions_name_is_the_last_segment_that_is_a_name() {
        for (path, name) in [
            ("shop::till::open", "open"),
            ("shop::till::open::{{closure}}", "open"),
            ("shop::till::open::{{closure}}::{{closure}}", "open"),
            ("shop::open<alloc::string::String>", "open"),
            (
                "shop::open<fn(u8) -> alloc::vec::Vec<u8>>::{{closure}}",
                "open",
            ),
            ("<shop::Till as shop::Opens<u8>>::open", "open"),
            ("<shop::Till as shop::Opens>::open::{{closure}}", "open"),
            ("shop::Till<T>::open", "open"),
            (
                "alloc::boxed::Box<dyn core::ops::function::FnOnce()>",
                "Box",
            ),
            ("fn()", ""),
            ("main", "main"),
        ] {
            assert_eq!(function_name(path), name, "{path}");
        }
    }
}
