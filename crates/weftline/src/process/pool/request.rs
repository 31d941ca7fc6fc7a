//! [`Request`]: a call of a registered function, encoded. Also the heads of the messages with which
//! it goes to a worker process, and its answer comes back.

use super::super::message::Answer;
use super::super::{Envelope, function, permission};
use serde::{Deserialize, Serialize};
use std::error::Error;

/// Why a request was not made, or not answered.
pub(super) type Why = Box<dyn Error + Send + Sync>;

/// A call of a function, encoded.
pub(super) struct Request {
    pub(super) function: &'static str,
    pub(super) arguments: Envelope,
    /// Whether the function is called for each of the arguments.
    pub(super) is_for_each: bool,
}

impl Request {
    /// A call of a function of the type `F` with these arguments, or with each of them.
    pub(super) fn new<F: 'static>(
        arguments: &impl Serialize,
        is_for_each: bool,
    ) -> Result<Self, Why> {
        permission::may_start()?;
        let function = function::of_type::<F>()?;
        let arguments = Envelope::pack(arguments)?;
        Ok(Self {
            function: function.name(),
            arguments,
            is_for_each,
        })
    }
}

/// Precedes the arguments in the queue of requests.
#[derive(Serialize, Deserialize)]
pub(super) struct RequestHead<'a> {
    pub(super) function: &'a str,
    pub(super) is_for_each: bool,
    pub(super) descriptors: u32,
}

/// Precedes the result in the queue of answers.
#[derive(Serialize, Deserialize)]
pub(super) struct ResponseHead {
    pub(super) answer: Answer,
    pub(super) descriptors: u32,
}
