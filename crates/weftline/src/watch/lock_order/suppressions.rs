//! Inversions that a program knows to be harmless.

use super::inversion::Inversion;
use crate::watch::snapshot::Frame;

/// What is not reported.
pub(super) struct Suppressions(Vec<String>);

impl Suppressions {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn add(&mut self, pattern: &str) {
        let pattern = pattern.trim();
        if !pattern.is_empty() && !self.0.iter().any(|known| known == pattern) {
            self.0.push(pattern.to_owned());
        }
    }

    /// Whether a lock of the inversion has such a name, is made at such a place, or is taken there.
    pub(super) fn cover(&self, inversion: &Inversion) -> bool {
        self.0.iter().any(|pattern| {
            inversion.links.iter().any(|link| {
                let names = [&link.held, &link.wanted].map(|lock| lock.name.as_deref());
                let places = [&link.held, &link.wanted].map(|lock| Some(&lock.made_at));
                let takes = [link.held_since.as_ref(), link.stack.first()];
                names.contains(&Some(pattern.as_str()))
                    || places
                        .into_iter()
                        .chain(takes)
                        .flatten()
                        .any(|at| is_at(at, pattern))
            })
        })
    }
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
