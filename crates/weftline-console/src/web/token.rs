//! [`Token`]: a secret that only the reader of the command's output knows.

use std::fmt::{self, Display};
use std::fs::File;
use std::hint::black_box;
use std::io::{self, Read};

/// 192 bits from the system, as text that may stand in an address.
pub(super) struct Token(String);

impl Token {
    /// A new one.
    pub(super) fn new() -> io::Result<Self> {
        let mut bytes = [0; 24];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(Self(
            bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        ))
    }

    /// Whether the text is the token. How long that takes tells the text's length alone.
    pub(super) fn is(&self, text: &str) -> bool {
        let pairs = self.0.bytes().zip(text.bytes());
        let difference = pairs.fold(0, |difference, (a, b)| black_box(difference | (a ^ b)));
        difference == 0 && text.len() == self.0.len()
    }
}

impl Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_itself_alone() {
        let (token, other) = (Token::new().unwrap(), Token::new().unwrap());
        let text = token.to_string();
        assert_eq!(text.len(), 48);
        assert!(token.is(&text));
        for wrong in ["", &text[..47], &(text.clone() + "0"), &other.to_string()] {
            assert!(!token.is(wrong), "{wrong}");
        }
    }
}
