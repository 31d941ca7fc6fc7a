//! [`Site`]: the place in a program at which a thread waits.
//!
//! # Implementation
//!
//! A site is written into words and read back from them (`seqlock.rs`), by any thread and long
//! after. So it holds bytes of its own, or a location of the program, which is never freed. The
//! objects by which an interpreter names a place do not live that long.

use std::panic::Location;
use std::ptr;

/// The bytes of the two names of a foreign site.
const TEXT_BYTES: usize = 128;
/// At most so many of them are the function's.
const FUNCTION_BYTES: usize = 48;
/// A header, and the location or the text.
pub(super) const SITE_WORDS: usize = 1 + TEXT_BYTES / 8;

/// The place in a program at which a thread waits: the innermost frame of the program's own.
#[derive(Clone, Copy, Debug)]
pub struct Site(Place);

#[derive(Clone, Copy, Debug)]
enum Place {
    Unknown,
    Here(&'static Location<'static>),
    Foreign(Text),
}

/// The name of a function, then that of a file.
#[derive(Clone, Copy, Debug)]
struct Text {
    bytes: [u8; TEXT_BYTES],
    function_len: u8,
    file_len: u8,
    line: u32,
}

const UNKNOWN: u64 = 0;
const HERE: u64 = 1;
const FOREIGN: u64 = 2;

impl Site {
    /// An unknown place.
    pub const UNKNOWN: Self = Self(Place::Unknown);

    pub(crate) fn here(location: &'static Location<'static>) -> Self {
        Self(Place::Here(location))
    }

    /// Makes the site unknown: the caller of the wait is not the program.
    #[inline]
    pub fn forget(&mut self) {
        self.0 = Place::Unknown;
    }

    /// Makes it this line. Of long names, the beginning of the function's and the end of the file's
    /// are kept.
    pub fn set(&mut self, function: &str, file: &str, line: u32) {
        let mut kept = function.len().min(FUNCTION_BYTES);
        while !function.is_char_boundary(kept) {
            kept -= 1;
        }
        let function = &function[..kept];
        let mut surplus = (function.len() + file.len()).saturating_sub(TEXT_BYTES);
        while !file.is_char_boundary(surplus) {
            surplus += 1;
        }
        let file = &file[surplus..];
        let mut bytes = [0; TEXT_BYTES];
        let (head, tail) = bytes.split_at_mut(function.len());
        head.copy_from_slice(function.as_bytes());
        tail[..file.len()].copy_from_slice(file.as_bytes());
        self.0 = Place::Foreign(Text {
            bytes,
            // Both are below 256.
            function_len: function.len() as u8,
            file_len: file.len() as u8,
            line,
        });
    }

    /// The name of the function. Rust's own locations have none.
    #[must_use]
    pub fn function(&self) -> Option<&str> {
        match &self.0 {
            Place::Foreign(text) => text.part(0, text.function_len.into()),
            _ => None,
        }
    }

    /// The name of the file; of a long one, its end.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        match &self.0 {
            Place::Unknown => None,
            Place::Here(location) => Some(location.file()),
            Place::Foreign(text) => text.part(text.function_len.into(), text.file_len.into()),
        }
    }

    /// The line in that file.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        match &self.0 {
            Place::Unknown => None,
            Place::Here(location) => Some(location.line()),
            Place::Foreign(text) => Some(text.line),
        }
    }

    /// Writes the site into the first of `words`; returns how many it takes.
    pub(super) fn write(&self, words: &mut [u64; SITE_WORDS]) -> usize {
        match &self.0 {
            Place::Unknown => {
                words[0] = UNKNOWN;
                1
            }
            Place::Here(location) => {
                words[0] = HERE;
                words[1] = ptr::from_ref::<Location<'static>>(location).expose_provenance() as u64;
                2
            }
            Place::Foreign(text) => {
                let [function, file] = [text.function_len, text.file_len].map(u64::from);
                words[0] = FOREIGN | function << 8 | file << 16 | u64::from(text.line) << 32;
                let (chunks, _) = text.bytes.as_chunks();
                let used = usize::from(text.function_len) + usize::from(text.file_len);
                let used = used.div_ceil(8);
                for (word, &chunk) in words[1..].iter_mut().zip(&chunks[..used]) {
                    *word = u64::from_ne_bytes(chunk);
                }
                1 + used
            }
        }
    }

    /// The site that [`Self::write`] wrote.
    ///
    /// # Safety
    /// `write` wrote these words, in this process or in one of which it is a fork.
    pub(super) unsafe fn read(words: &[u64; SITE_WORDS]) -> Self {
        Self(match words[0] & 0xFF {
            HERE => {
                let location = ptr::with_exposed_provenance(words[1] as usize);
                // SAFETY: by the caller's promise it was made of a location, which is never freed.
                Place::Here(unsafe { &*location })
            }
            FOREIGN => {
                let mut bytes = [0; TEXT_BYTES];
                let (chunks, _) = bytes.as_chunks_mut();
                for (chunk, word) in chunks.iter_mut().zip(&words[1..]) {
                    *chunk = word.to_ne_bytes();
                }
                Place::Foreign(Text {
                    bytes,
                    function_len: (words[0] >> 8) as u8,
                    file_len: (words[0] >> 16) as u8,
                    line: (words[0] >> 32) as u32,
                })
            }
            _ => Place::Unknown,
        })
    }
}

impl Text {
    fn part(&self, start: usize, len: usize) -> Option<&str> {
        std::str::from_utf8(self.bytes.get(start..start + len)?).ok()
    }
}

impl std::fmt::Display for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Some(file), Some(line)) = (self.file(), self.line()) else {
            return f.write_str("an unknown place");
        };
        write!(f, "{}:{line}", Printable(file))?;
        match self.function() {
            Some(function) => write!(f, " in {}", Printable(function)),
            None => Ok(()),
        }
    }
}

/// Text whose control characters, which a terminal would obey, are escaped.
pub(crate) struct Printable<'a>(pub(crate) &'a str);

impl std::fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(char::is_control) {
            let (before, after) = rest.split_at(at);
            let mut after = after.chars();
            let control = after.next().expect("found");
            write!(f, "{before}{}", control.escape_debug())?;
            rest = after.as_str();
        }
        f.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through_words(site: &Site) -> Site {
        let mut words = [u64::MAX; SITE_WORDS];
        site.write(&mut words);
        // SAFETY: just written.
        unsafe { Site::read(&words) }
    }

    #[test]
    fn a_site_is_read_as_it_was_written() {
        let mut site = Site::here(Location::caller());
        let line = line!() - 1;
        let read = through_words(&site);
        assert_eq!((read.file(), read.line()), (Some(file!()), Some(line)));
        assert_eq!(read.function(), None);

        site.set("Worker.run", "/srv/app/worker.py", 41);
        let read = through_words(&site);
        assert_eq!(read.function(), Some("Worker.run"));
        assert_eq!(read.to_string(), "/srv/app/worker.py:41 in Worker.run");

        site.forget();
        assert_eq!(through_words(&site).to_string(), "an unknown place");
    }

    #[test]
    fn long_names_keep_the_functions_beginning_and_the_files_end() {
        let mut site = Site(Place::Unknown);
        let (function, file) = ("é".repeat(40), "ü/".repeat(100) + "näher.py");
        site.set(&function, &file, u32::MAX);
        let read = through_words(&site);
        assert_eq!(read.function(), Some("é".repeat(24).as_str()));
        let kept = read.file().unwrap();
        assert!(file.ends_with(kept) && kept.ends_with("/näher.py"));
        assert!((TEXT_BYTES - 48 - 1..=TEXT_BYTES - 48).contains(&kept.len()));
        assert_eq!(read.line(), Some(u32::MAX));
    }
}
