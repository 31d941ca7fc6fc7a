//! The fields of a line by which a process tells of itself (`wire.rs`).

use std::fmt::{self, Display};

/// A field that is text.
pub(super) struct Text<'a>(pub(super) &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if matches!(self.0, "" | "-") {
            return f.write_str(if self.0.is_empty() { "%" } else { "%2d" });
        }
        let mut rest = self.0;
        while let Some(at) = rest.find(|c: char| c == '%' || c.is_ascii_control()) {
            let (before, after) = rest.split_at(at);
            write!(f, "{before}%{:02x}", after.as_bytes()[0])?;
            rest = &after[1..];
        }
        f.write_str(rest)
    }
}

/// A field that may be absent.
pub(super) struct Maybe<T>(pub(super) Option<T>);

impl<T: Display> Display for Maybe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("-"),
        }
    }
}

/// The fields of a line.
pub(super) struct Fields<'a>(pub(super) std::str::Split<'a, char>);

impl Fields<'_> {
    pub(super) fn number(&mut self) -> Option<u64> {
        self.0.next()?.parse().ok()
    }

    pub(super) fn text(&mut self) -> Option<String> {
        let field = self.0.next().filter(|&field| field != "-")?;
        if field == "%" {
            return Some(String::new());
        }
        let mut parts = field.split('%');
        let mut text = parts.next()?.to_owned();
        for part in parts {
            let code = u8::from_str_radix(part.get(..2)?, 16).ok()?;
            text.push(code.into());
            text.push_str(&part[2..]);
        }
        Some(text)
    }
}
