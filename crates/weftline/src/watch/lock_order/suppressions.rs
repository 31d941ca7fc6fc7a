//! Inversions that a program knows to be harmless.

use super::forever::Forever;
use super::inversion::{Inversion, Link};
use crate::watch::snapshot::Frame;

/// What is not reported.
static PATTERNS: Forever<String> = Forever::new();

pub(super) fn add(pattern: &str) {
    let pattern = pattern.trim();
    if !pattern.is_empty() {
        PATTERNS.find_or_add(|known| known == pattern, || pattern.to_owned());
    }
}

/// Whether a lock of the inversion has a name that is suppressed, is made at such a place, or is
/// taken there.
pub(super) fn cover(inversion: &Inversion) -> bool {
    PATTERNS
        .iter()
        .any(|pattern| inversion.links.iter().any(|link| covers(pattern, link)))
}

fn covers(pattern: &str, link: &Link) -> bool {
    let locks = [&link.held, &link.wanted];
    let takes = [link.held_since.as_ref(), link.stack.first()];
    locks.iter().any(|it| it.name.as_deref() == Some(pattern))
        || locks
            .iter()
            .map(|it| Some(&it.made_at))
            .chain(takes)
            .flatten()
            .any(|at| is_at(at, pattern))
}

/// Whether the frame is at `file:line` or in `file`: the whole path, or its last parts.
fn is_at(frame: &Frame, pattern: &str) -> bool {
    let ends = |path: &str, end: &str| {
        let before = path.strip_suffix(end);
        before.is_some_and(|before| before.is_empty() || before.ends_with(['/', '\\']))
    };
    let with_line = pattern
        .rsplit_once(':')
        .and_then(|(file, line)| Some((file, line.parse().ok()?)));
    match with_line {
        Some((file, line)) => frame.line == line && ends(&frame.file, file),
        None => ends(&frame.file, pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_path_or_its_last_parts() {
        let frame = Frame::new(None, "/src/shop/cache.py".to_owned(), 12);
        for pattern in [
            "cache.py",
            "shop/cache.py:12",
            "/src/shop/cache.py",
            "cache.py:12",
        ] {
            assert!(is_at(&frame, pattern), "{pattern}");
        }
        for pattern in ["ache.py", "cache.py:1", "shop", "other/cache.py:12", ""] {
            assert!(!is_at(&frame, pattern), "{pattern}");
        }
    }
}
