//! [`Stack`]: the frames of the calling thread, kept cheaply until a report needs them.

use crate::watch::interpreter::{Interpreter, Told};
use crate::watch::snapshot::Frame;
use crate::watch::wire;
use std::backtrace::Backtrace;
use std::panic::Location;
use std::sync::Arc;

/// The frames of a thread at one moment.
pub(super) enum Stack {
    /// By an interpreter, as lines of `wire.rs`.
    Told(Arc<str>),
    /// Of a program in Rust. Its symbols are looked up when they are needed.
    Native(&'static Location<'static>, Backtrace),
}

impl Stack {
    /// That of the calling thread, which calls at that place; and the name of the thread, if an
    /// interpreter has told it.
    pub(super) fn here(
        interpreter: Option<Interpreter>,
        place: &'static Location<'static>,
    ) -> (Self, Option<String>) {
        let Some(interpreter) = interpreter else {
            return (Self::Native(place, Backtrace::force_capture()), None);
        };
        let mut told = Told::default();
        (interpreter.tell_own)(&mut told);
        let name = wire::read_name(&told.text);
        let frames = told.text.find("frame\t").map_or("", |at| &told.text[at..]);
        (Self::Told(frames.into()), name)
    }

    /// The innermost first.
    pub(super) fn frames(&self) -> Vec<Frame> {
        match self {
            Self::Told(lines) => wire::read_frames(lines),
            Self::Native(place, trace) => {
                let frames = program_frames(&trace.to_string(), place);
                if frames.is_empty() {
                    vec![frame_of(place)]
                } else {
                    frames
                }
            }
        }
    }

    pub(super) fn innermost(&self) -> Option<Frame> {
        match self {
            Self::Told(lines) => wire::read_frames(lines).into_iter().next(),
            Self::Native(place, _) => Some(frame_of(place)),
        }
    }
}

pub(super) fn frame_of(place: &Location<'_>) -> Frame {
    Frame::new(None, place.file().to_owned(), place.line())
}

/// The frames of the program in the text of a backtrace: from the one at `place` on, up to the
/// first of a thread's start.
fn program_frames(trace: &str, place: &Location<'_>) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut function = None;
    for line in trace.lines().map(str::trim) {
        if let Some(at) = line.strip_prefix("at ") {
            let mut parts = at.rsplitn(3, ':');
            let (_, number, file) = (parts.next(), parts.next(), parts.next());
            if let (Some(number), Some(file)) = (number.and_then(|it| it.parse().ok()), file) {
                let file = file.strip_prefix("./").unwrap_or(file).to_owned();
                frames.push(Frame::new(function.take(), file, number));
            }
        } else if let Some((_, name)) = line.split_once(": ") {
            function = Some(name.to_owned());
        }
    }
    let is_place = |frame: &Frame| {
        frame.line == place.line()
            && (place.file().ends_with(&frame.file) || frame.file.ends_with(place.file()))
    };
    let begins = |frame: &Frame| {
        frame
            .function
            .as_deref()
            .is_some_and(|name| name.contains("__rust_begin_short_backtrace"))
    };
    let Some(first) = frames.iter().position(is_place) else {
        return Vec::new();
    };
    frames.drain(..first);
    let end = frames.iter().position(begins).unwrap_or(frames.len());
    frames.truncate(end);
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "miri has no symbols")]
    fn a_native_stack_begins_at_the_place_of_the_program() {
        #[track_caller]
        fn library() -> Stack {
            Stack::here(None, Location::caller()).0
        }
        let stack = library();
        let line = line!() - 1;
        let innermost = stack.innermost().unwrap();
        assert_eq!(innermost.line, line);
        let frames = stack.frames();
        assert_eq!(frames[0].line, line);
        assert!(frames[0].file.ends_with("stack.rs"), "{frames:?}");
    }
}
