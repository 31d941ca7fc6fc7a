//! The wire format of Protocol Buffers: as much of it as a trace needs.
//!
//! A message is a row of fields. A field is a tag, which is its number and its form, and a value.
//! The forms here are variable-length integers, eight bytes, and bytes with their length before
//! them, as text and messages are.

const VARINT: u64 = 0;
const EIGHT_BYTES: u64 = 1;
const WITH_LENGTH: u64 = 2;

/// A message that is being written.
#[derive(Debug, Default)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    /// Adds an unsigned number, a truth value or a constant of an enumeration.
    pub(crate) fn number(&mut self, field: u32, value: u64) -> &mut Self {
        self.tag(field, VARINT);
        self.varint(value);
        self
    }

    /// Adds a signed number. A negative one takes ten bytes.
    pub(crate) fn signed(&mut self, field: u32, value: i64) -> &mut Self {
        self.number(field, value as u64)
    }

    /// Adds a number of eight bytes.
    pub(crate) fn fixed(&mut self, field: u32, value: u64) -> &mut Self {
        self.tag(field, EIGHT_BYTES);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// Adds text.
    pub(crate) fn text(&mut self, field: u32, value: &str) -> &mut Self {
        self.bytes(field, value.as_bytes())
    }

    /// Adds a message, which `write` fills.
    pub(crate) fn message(&mut self, field: u32, write: impl FnOnce(&mut Self)) -> &mut Self {
        let mut inner = Self::default();
        write(&mut inner);
        self.bytes(field, &inner.0)
    }

    /// What has been written.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn bytes(&mut self, field: u32, value: &[u8]) -> &mut Self {
        self.tag(field, WITH_LENGTH);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    fn tag(&mut self, field: u32, form: u64) {
        self.varint(u64::from(field) << 3 | form);
    }

    /// Seven bits a byte, the lowest first. The highest bit of a byte says that more follow.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Message)) -> Vec<u8> {
        let mut message = Message::default();
        write(&mut message);
        message.as_bytes().to_vec()
    }

    // The bytes are those that the reference implementation writes.
    #[test]
    fn a_number_has_seven_bits_a_byte() {
        let number = |value| written(|it| _ = it.number(1, value));
        assert_eq!(number(0), [0x08, 0x00]);
        assert_eq!(number(127), [0x08, 0x7f]);
        assert_eq!(number(128), [0x08, 0x80, 0x01]);
        assert_eq!(number(150), [0x08, 0x96, 0x01]);
        assert_eq!(
            number(u64::MAX),
            [
                0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01
            ]
        );
    }

    #[test]
    fn a_negative_number_has_ten_bytes() {
        assert_eq!(
            written(|it| _ = it.signed(30, -2)),
            [
                0xf0, 0x01, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01
            ]
        );
    }

    #[test]
    fn a_field_above_15_has_a_tag_of_two_bytes() {
        assert_eq!(
            written(|it| _ = it.number(58, 3)),
            [0xd0, 0x03, 0x03],
            "the clock of a packet"
        );
    }

    #[test]
    fn eight_bytes_stand_as_they_are() {
        assert_eq!(
            written(|it| _ = it.fixed(47, 0x0102)),
            [0xf9, 0x02, 0x02, 0x01, 0, 0, 0, 0, 0, 0],
            "a flow of an event"
        );
    }

    #[test]
    fn text_and_messages_have_their_length_before_them() {
        assert_eq!(
            written(|it| _ = it.text(2, "testing")),
            [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]
        );
        assert_eq!(
            written(|it| _ = it.message(3, |inner| _ = inner.number(1, 150))),
            [0x1a, 0x03, 0x08, 0x96, 0x01]
        );
        let long = "x".repeat(300);
        assert_eq!(written(|it| _ = it.text(2, &long))[..3], [0x12, 0xac, 0x02]);
        assert_eq!(written(|it| _ = it.message(1, |_| ())), [0x0a, 0x00]);
    }
}
