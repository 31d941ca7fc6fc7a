//! Messages of Protocol Buffers, read field by field.

/// The value of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    /// The bytes of text or of a message.
    pub(crate) fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Number(number) => panic!("{number} is no text"),
        }
    }
}

/// The fields of a message.
pub(crate) fn fields(mut message: &[u8]) -> impl Iterator<Item = (u64, Field<'_>)> {
    std::iter::from_fn(move || {
        if message.is_empty() {
            return None;
        }
        let tag = varint(&mut message);
        let value = match tag & 7 {
            0 => Field::Number(varint(&mut message)),
            1 => {
                let (eight, rest) = message.split_first_chunk().expect("eight bytes");
                message = rest;
                Field::Number(u64::from_le_bytes(*eight))
            }
            2 => {
                let len = varint(&mut message) as usize;
                let (bytes, rest) = message.split_at(len);
                message = rest;
                Field::Bytes(bytes)
            }
            form => panic!("no field of the form {form} is written"),
        };
        Some((tag >> 3, value))
    })
}

/// The number in the first field of that number.
pub(crate) fn number(fields: &[(u64, Field<'_>)], of: u64) -> Option<u64> {
    fields.iter().find_map(|&(field, value)| match value {
        Field::Number(number) if field == of => Some(number),
        _ => None,
    })
}

/// The text, or the message, in the first field of that number.
pub(crate) fn text<'a>(fields: &[(u64, Field<'a>)], of: u64) -> Option<&'a [u8]> {
    fields.iter().find_map(|&(field, value)| match value {
        Field::Bytes(bytes) if field == of => Some(bytes),
        _ => None,
    })
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (&byte, rest) = bytes.split_first().expect("a number ends");
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}
