//! [`Envelope`]: a value between processes, as bytes and the file descriptors that travel with
//! them.
//!
//! A value is encoded through serde. An object in shared memory is more than bytes: the other
//! process needs its file. While an envelope is packed, such an object [attaches](attach) its
//! descriptor to the envelope and writes the descriptor's number in it. While the envelope is
//! unpacked, the object [detaches](detach) the descriptor again. Outside of an envelope (in a file,
//! or as an item of a shared queue) such an object cannot be encoded.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::io;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::thread::LocalKey;

/// A value on its way to another process.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    pub(super) bytes: Vec<u8>,
    pub(super) descriptors: Vec<OwnedFd>,
}

/// A value could not be encoded for another process; says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeError(Cow<'static, str>);

/// Bytes from another process are not the value that was expected; says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError(String);

macro_rules! error {
    ($name:ident, $text:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($text, ": {}"), self.0)
            }
        }

        impl Error for $name {}
    };
}

error!(
    EncodeError,
    "the value cannot be encoded for another process"
);
error!(
    DecodeError,
    "the bytes from another process are not the value that is expected here"
);

impl EncodeError {
    const NO_MEMORY: &str = "there is no memory for its bytes";

    pub(super) fn new(why: String) -> Self {
        Self(why.into())
    }

    /// Whether there was no memory for its bytes.
    pub(super) fn is_no_memory(&self) -> bool {
        self.0 == Self::NO_MEMORY
    }
}

thread_local! {
    /// The descriptors attached to the envelope that this thread is packing. `None` when it is
    /// packing none.
    static ATTACHED: RefCell<Option<Vec<OwnedFd>>> = const { RefCell::new(None) };
    /// The descriptors not yet detached from the envelope that this thread is unpacking.
    static TO_DETACH: RefCell<Vec<Option<OwnedFd>>> = const { RefCell::new(Vec::new()) };
}

impl Envelope {
    /// # Errors
    /// [`EncodeError`] when the value's own `Serialize` fails, or when no file descriptor is left
    /// to attach.
    pub(super) fn pack<T: Serialize + ?Sized>(value: &T) -> Result<Self, EncodeError> {
        let (bytes, attached) = with_inner(&ATTACHED, Some(Vec::new()), || encode(value));
        Ok(Self {
            bytes: bytes?,
            descriptors: attached.unwrap_or_default(),
        })
    }

    /// # Errors
    /// [`DecodeError`] when the bytes are not a `T`, or contain more.
    pub(super) fn unpack<T: DeserializeOwned>(self) -> Result<T, DecodeError> {
        let descriptors = self.descriptors.into_iter().map(Some).collect();
        let (value, _not_detached) = with_inner(&TO_DETACH, descriptors, || decode(&self.bytes));
        value
    }
}

/// Runs `f` with `inner` in `place`; returns its result, and the rest of `inner`. A value may pack
/// an envelope of its own while it is packed. The previous content is put back even when the
/// value's own code, which `f` runs, panics.
fn with_inner<T: Default + 'static, R>(
    place: &'static LocalKey<RefCell<T>>,
    inner: T,
    f: impl FnOnce() -> R,
) -> (R, T) {
    struct Outer<T: Default + 'static>(&'static LocalKey<RefCell<T>>, T);

    impl<T: Default> Drop for Outer<T> {
        fn drop(&mut self) {
            drop(self.0.replace(mem::take(&mut self.1)));
        }
    }

    let _outer = Outer(place, place.replace(inner));
    let result = f();
    (result, place.take())
}

/// A value as bytes. They carry no descriptors unless an envelope is being packed.
pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    encode_into(value, &mut bytes)?;
    Ok(bytes)
}

/// The value that [`encode_into`] has written first, and the bytes behind it.
pub(super) fn decode_first<'a, T: serde::Deserialize<'a>>(
    bytes: &'a [u8],
) -> Result<(T, &'a [u8]), DecodeError> {
    postcard::take_from_bytes(bytes).map_err(|why| DecodeError(why.to_string()))
}

/// As [`encode`], behind the bytes that are in `bytes`.
pub(super) fn encode_into<T: Serialize + ?Sized>(
    value: &T,
    bytes: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    postcard::serialize_with_flavor(value, Append(bytes)).map_err(|why| match refusal() {
        Some(why) => EncodeError::new(why),
        // `Append` reports that; nothing else has a buffer that can be full.
        None if why == postcard::Error::SerializeBufferFull => {
            EncodeError(Cow::Borrowed(EncodeError::NO_MEMORY))
        }
        None => EncodeError::new(why.to_string()),
    })
}

/// The codec's output: appends to the vector.
struct Append<'a>(&'a mut Vec<u8>);

impl postcard::ser_flavors::Flavor for Append<'_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        if self.0.len() == self.0.capacity() && self.0.try_reserve(1).is_err() {
            return Err(postcard::Error::SerializeBufferFull);
        }
        self.0.push(byte);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        if self.0.try_reserve(bytes.len()).is_err() {
            return Err(postcard::Error::SerializeBufferFull);
        }
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// The value that [`encode`] has written.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(DecodeError(format!(
            "{} bytes are left over after a {}",
            rest.len(),
            std::any::type_name::<T>()
        ))),
        Err(why) => Err(DecodeError(format!(
            "{} bytes are no {}: {}",
            bytes.len(),
            std::any::type_name::<T>(),
            refusal().unwrap_or_else(|| why.to_string())
        ))),
    }
}

thread_local! {
    /// Why the last attach or detach of this thread failed; the codec does not carry messages.
    static REFUSAL: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn refusal() -> Option<String> {
    REFUSAL.take()
}

/// Notes why a value's `Serialize` or `Deserialize` fails: the codec's own errors have no room for
/// it.
pub(super) fn refuse(why: impl fmt::Display) {
    REFUSAL.replace(Some(why.to_string()));
}

/// Adds a copy of `descriptor` to the envelope that this thread is packing; returns its number in
/// the envelope.
pub(super) fn attach(descriptor: BorrowedFd<'_>) -> Result<u32, &'static str> {
    ATTACHED.with_borrow_mut(|attached| {
        let Some(attached) = attached else {
            refuse("a shared object travels only as an argument, or as part of one, of a process or of a task of a pool of processes");
            return Err("not in an envelope");
        };
        if attached.try_reserve(1).is_err() {
            refuse(EncodeError::NO_MEMORY);
            return Err("no memory");
        }
        match descriptor.as_fd().try_clone_to_owned() {
            Ok(copy) => {
                attached.push(copy);
                Ok(attached.len() as u32 - 1)
            }
            Err(why) => {
                refuse(no_descriptor(&why));
                Err("no file descriptor")
            }
        }
    })
}

/// The descriptor with that number in the envelope that this thread is unpacking. It can be
/// detached once.
pub(super) fn detach(number: u32) -> Option<OwnedFd> {
    TO_DETACH.with_borrow_mut(|descriptors| mem::take(descriptors.get_mut(number as usize)?))
}

/// The advice for a process that has too many files open.
pub(super) fn no_descriptor(why: &io::Error) -> String {
    match why.raw_os_error() {
        Some(libc::EMFILE | libc::ENFILE) => format!(
            "no file descriptor is left ({why}): drop shared objects and processes that are not needed, or raise the limit (ulimit -n)"
        ),
        _ => why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Deserializer, Serializer};
    use std::fs::File;
    use std::io::{Read, Write};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    /// A pipe's end, as a value with a descriptor.
    struct End(OwnedFd);

    impl Serialize for End {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let number = attach(self.0.as_fd()).map_err(serde::ser::Error::custom)?;
            serializer.serialize_u32(number)
        }
    }

    impl<'de> Deserialize<'de> for End {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let number = u32::deserialize(deserializer)?;
            detach(number)
                .map(Self)
                .ok_or_else(|| serde::de::Error::custom("gone"))
        }
    }

    #[test]
    fn descriptors_come_along_in_their_order() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let envelope = Envelope::pack(&(End(reader), 7_u8, End(writer))).unwrap();
        assert_eq!(envelope.descriptors.len(), 2);
        let (reader, seven, writer): (End, u8, End) = envelope.unpack().unwrap();
        assert_eq!(seven, 7);
        File::from(writer.0).write_all(b"through").unwrap();
        let mut text = String::new();
        File::from(reader.0).read_to_string(&mut text).unwrap();
        assert_eq!(text, "through");
    }

    /// Panics while it is encoded, or decoded, behind an end of a pipe.
    #[derive(Debug)]
    struct Panics;

    impl Serialize for Panics {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("unwritable")
        }
    }

    impl<'de> Deserialize<'de> for Panics {
        fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            panic!("unreadable")
        }
    }

    #[test]
    fn a_value_that_panics_leaves_no_envelope_behind() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let values = (End(writer), Panics);
        catch_unwind(AssertUnwindSafe(|| Envelope::pack(&values))).unwrap_err();
        encode(&End(values.0.0)).expect_err("no envelope is being packed");
        let mut text = String::new();
        let mut reader = File::from(reader);
        let ended = reader.read_to_string(&mut text);
        assert_eq!(ended.unwrap(), 0, "the copy that was attached is closed");

        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let envelope = Envelope::pack(&(1_u8, End(writer))).unwrap();
        catch_unwind(AssertUnwindSafe(|| envelope.unpack::<(u8, Panics)>())).unwrap_err();
        assert!(detach(0).is_none(), "no envelope is being unpacked");
        let ended = File::from(reader).read_to_string(&mut text);
        assert_eq!(
            ended.unwrap(),
            0,
            "the descriptor in the envelope is closed"
        );
    }

    #[test]
    fn a_descriptor_outside_of_an_envelope_is_refused_with_advice() {
        let (reader, _writer) = rustix::pipe::pipe().unwrap();
        let refused = encode(&End(reader)).unwrap_err();
        assert!(
            refused.to_string().contains("only as an argument"),
            "{refused}"
        );
        // The reason is not kept for the next error.
        assert!(decode::<String>(&[200]).is_err());
    }

    #[test]
    fn a_decode_error_says_which_type_was_expected() {
        let bytes = encode(&(1_u8, 2_u8)).unwrap();
        let error = decode::<u8>(&bytes).unwrap_err().to_string();
        assert!(
            error.contains("1 bytes are left over after a u8"),
            "{error}"
        );
        let error = decode::<String>(&[9, b'x']).unwrap_err().to_string();
        assert!(
            error.contains("2 bytes are no alloc::string::String"),
            "{error}"
        );
    }
}
