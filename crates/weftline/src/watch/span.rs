//! [`Span`]: a duration as text for people.

use std::fmt::{self, Display};
use std::time::Duration;

/// A duration as reports show it: `340 ms`, `12.3 s`, `5 min 02 s`, `3 h 07 min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0.as_secs(), self.0.subsec_millis());
        match seconds {
            0 => write!(f, "{millis} ms"),
            1..60 => write!(f, "{seconds}.{} s", millis / 100),
            60..3600 => write!(f, "{} min {:02} s", seconds / 60, seconds % 60),
            _ => write!(f, "{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_the_unit_that_one_reads() {
        let shown = |millis| Span(Duration::from_millis(millis)).to_string();
        assert_eq!(shown(340), "340 ms");
        assert_eq!(shown(12_345), "12.3 s");
        assert_eq!(shown(302_000), "5 min 02 s");
        assert_eq!(shown(11_220_000), "3 h 07 min");
    }
}
