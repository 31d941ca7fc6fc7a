//! [`ShortName`]: the name of a thread, where reports find it.
//!
//! A report may be written by a signal handler, which can neither wait for a lock nor follow a
//! pointer that another thread may free. So the name, or its beginning, lies in the thread's
//! record, under a lock that a report only tries.

use super::ForgetWaiters;

/// Enough for `ThreadPoolExecutor-100_1000`, and the record stays a multiple of a cache line.
const MOST_BYTES: usize = 47;

/// The beginning of a name, in UTF-8.
#[derive(Clone, Copy)]
pub(crate) struct ShortName {
    len: u8,
    bytes: [u8; MOST_BYTES],
}

impl ShortName {
    pub(super) const NONE: Self = Self {
        len: 0,
        bytes: [0; MOST_BYTES],
    };

    pub(crate) fn new(name: &str) -> Self {
        let mut short = Self::NONE;
        short.set(name);
        short
    }

    pub(super) fn set(&mut self, name: &str) {
        let mut len = name.len().min(MOST_BYTES);
        while !name.is_char_boundary(len) {
            len -= 1;
        }
        self.bytes[..len].copy_from_slice(&name.as_bytes()[..len]);
        self.len = len as u8;
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    /// The name; `None` if there is none.
    pub(crate) fn as_str(&self) -> Option<&str> {
        let name = std::str::from_utf8(self.bytes.get(..self.len.into())?).ok()?;
        Some(name).filter(|name| !name.is_empty())
    }
}

impl ForgetWaiters for ShortName {
    fn forget_waiters(&mut self, torn: bool) {
        if torn {
            self.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_its_beginning() {
        let mut name = ShortName::NONE;
        assert_eq!(name.as_str(), None);
        name.set(&"ä".repeat(30));
        assert_eq!(name.as_str(), Some("ä".repeat(23).as_str()));
        name.set("short");
        assert_eq!(name.as_str(), Some("short"));
    }
}
