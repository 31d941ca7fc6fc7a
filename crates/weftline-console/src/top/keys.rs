//! [`Decoder`]: the bytes of a terminal as keys.
//!
//! A key is a letter in UTF-8, a control character, or a sequence that begins with Escape. The key
//! Escape is that byte alone: it counts when no further byte has come for [`UNTIL_ESCAPE`].

use std::time::Duration;

/// How long after the byte Escape another one may come that belongs to it. A sequence that is sent
/// over a network may come in parts.
pub(crate) const UNTIL_ESCAPE: Duration = Duration::from_millis(100);

/// A key, or a letter with Control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Letter(char),
    Control(char),
    Function(u8),
    Enter,
    Escape,
    Tab,
    BackTab,
    Backspace,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
}

/// Bytes that are not keys yet.
#[derive(Debug, Default)]
pub(crate) struct Decoder(Vec<u8>);

/// What the bytes so far are.
enum Found {
    /// So many bytes are a key, or nothing that has a meaning here.
    Key(usize, Option<Key>),
    /// They are the beginning of something.
    Beginning,
}

impl Decoder {
    /// The keys that these bytes end.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Vec<Key> {
        self.0.extend_from_slice(bytes);
        let mut keys = Vec::new();
        while let Some(&first) = self.0.first() {
            let found = match first {
                0x1b => sequence(&self.0),
                _ => letter(&self.0),
            };
            let Found::Key(length, key) = found else {
                break;
            };
            self.0.drain(..length);
            keys.extend(key);
        }
        keys
    }

    /// Whether there are bytes that may be the beginning of a key.
    pub(crate) fn has_beginning(&self) -> bool {
        !self.0.is_empty()
    }

    /// The keys that these bytes are if nothing follows.
    pub(crate) fn end(&mut self) -> Vec<Key> {
        if self.0.first() == Some(&0x1b) {
            self.0.remove(0);
            let mut keys = vec![Key::Escape];
            keys.extend(self.take(&[]));
            return keys;
        }
        self.0.clear();
        Vec::new()
    }
}

fn letter(bytes: &[u8]) -> Found {
    let key = match bytes[0] {
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Tab,
        0x08 | 0x7f => Key::Backspace,
        code @ 0x01..=0x1a => Key::Control((b'a' + code - 1).into()),
        0x00..=0x1f => return Found::Key(1, None),
        _ => return character(bytes),
    };
    Found::Key(1, Some(key))
}

/// A character in UTF-8.
fn character(bytes: &[u8]) -> Found {
    let length = match bytes[0] {
        0x00..=0x7f => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => return Found::Key(1, None),
    };
    let Some(encoded) = bytes.get(..length) else {
        return Found::Beginning;
    };
    match std::str::from_utf8(encoded) {
        Ok(text) => Found::Key(length, text.chars().next().map(Key::Letter)),
        Err(_) => Found::Key(1, None),
    }
}

/// A sequence that begins with Escape: `ESC O x`, or `ESC [ numbers x`.
fn sequence(bytes: &[u8]) -> Found {
    match bytes.get(1) {
        None => Found::Beginning,
        Some(b'O') => match bytes.get(2) {
            None => Found::Beginning,
            Some(&last) => Found::Key(3, named(last)),
        },
        // The console of Linux sends `ESC [ [ A` for F1.
        Some(b'[') if bytes.get(2) == Some(&b'[') => match bytes.get(3) {
            None => Found::Beginning,
            Some(&last) => {
                let number = last.checked_sub(b'A').filter(|&number| number < 5);
                Found::Key(4, number.map(|number| Key::Function(number + 1)))
            }
        },
        Some(b'[') => match bytes[2..]
            .iter()
            .position(|byte| (0x40..=0x7e).contains(byte))
        {
            // Longer than any: what a terminal may answer is shorter.
            None if bytes.len() > 64 => Found::Key(bytes.len(), None),
            None => Found::Beginning,
            Some(at) => {
                let (numbers, last) = (&bytes[2..2 + at], bytes[2 + at]);
                let key = match (numbers.first(), last) {
                    // The answer to a question, or a mouse.
                    (Some(b'<'..=b'?'), _) | (_, b'M') => None,
                    (_, b'~') => numbered(numbers),
                    _ => named(last),
                };
                Found::Key(at + 3, key)
            }
        },
        // Escape, and then another key.
        Some(_) => Found::Key(1, Some(Key::Escape)),
    }
}

fn named(last: u8) -> Option<Key> {
    Some(match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        b'M' => Key::Enter,
        b'Z' => Key::BackTab,
        b'P'..=b'S' => Key::Function(last - b'P' + 1),
        _ => return None,
    })
}

fn numbered(numbers: &[u8]) -> Option<Key> {
    // Behind the first semicolon are Shift, Alt and Control, which make no difference here.
    let number = numbers.split(|&byte| byte == b';').next()?;
    let number: u8 = std::str::from_utf8(number).ok()?.parse().ok()?;
    Some(match number {
        1 | 7 => Key::Home,
        4 | 8 => Key::End,
        5 => Key::PageUp,
        6 => Key::PageDown,
        11..=15 => Key::Function(number - 10),
        17..=21 => Key::Function(number - 11),
        23..=24 => Key::Function(number - 12),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        Decoder::default().take(bytes)
    }

    #[test]
    fn letters_of_any_alphabet_are_keys() {
        let letters = |text: &str| text.chars().map(Key::Letter).collect::<Vec<_>>();
        assert_eq!(keys("qé語😀".as_bytes()), letters("qé語😀"));
        assert_eq!(keys(b"\xff\xfeq"), letters("q"));
        let mut decoder = Decoder::default();
        assert_eq!(decoder.take(&"語".as_bytes()[..2]), []);
        assert_eq!(decoder.take(&"語".as_bytes()[2..]), letters("語"));
    }

    #[test]
    fn each_terminal_sends_its_own_sequence_for_a_key() {
        let sent: [(&[&[u8]], Key); 9] = [
            (&[b"\x1b[A", b"\x1bOA", b"\x1b[1;5A"], Key::Up),
            (&[b"\x1bOP", b"\x1b[11~", b"\x1b[[A"], Key::Function(1)),
            (&[b"\x1bOR", b"\x1b[13~", b"\x1b[[C"], Key::Function(3)),
            (&[b"\x1b[17~"], Key::Function(6)),
            (&[b"\x1b[21~"], Key::Function(10)),
            (&[b"\x1b[H", b"\x1bOH", b"\x1b[1~", b"\x1b[7~"], Key::Home),
            (&[b"\x1b[6~", b"\x1b[6;2~"], Key::PageDown),
            (&[b"\x1b[Z"], Key::BackTab),
            (&[b"\r", b"\n", b"\x1bOM"], Key::Enter),
        ];
        for (forms, key) in sent {
            for form in forms {
                assert_eq!(keys(form), [key], "{form:?}");
                let mut decoder = Decoder::default();
                let parts: Vec<Key> = form
                    .iter()
                    .flat_map(|&byte| decoder.take(&[byte]))
                    .collect();
                assert_eq!(parts, [key], "{form:?} in parts");
            }
        }
    }

    #[test]
    fn escape_alone_is_a_key_when_nothing_follows() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.take(b"\x1b"), []);
        assert!(decoder.has_beginning());
        assert_eq!(decoder.end(), [Key::Escape]);
        assert!(!decoder.has_beginning());
        assert_eq!(keys(b"\x1bq"), [Key::Escape, Key::Letter('q')]);
        assert_eq!(decoder.take(b"\x1b["), []);
        assert_eq!(decoder.end(), [Key::Escape, Key::Letter('[')]);
    }

    #[test]
    fn what_has_no_meaning_is_dropped_whole() {
        assert_eq!(keys(b"\x1b[?2026;2$yq"), [Key::Letter('q')]);
        assert_eq!(keys(b"\x1b[<0;12;5Mq"), [Key::Letter('q')]);
        assert_eq!(keys(b"\x03\x1a"), [Key::Control('c'), Key::Control('z')]);
    }

    #[test]
    fn no_bytes_are_kept_for_ever() {
        let mut decoder = Decoder::default();
        for seed in 0..200_000_u32 {
            let byte = (seed.wrapping_mul(2_654_435_761) >> 13) as u8;
            decoder.take(&[byte]);
            assert!(decoder.0.len() <= 65);
        }
    }
}
