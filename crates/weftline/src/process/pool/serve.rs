//! A worker process, from its own side.

use super::super::channel::Channel;
use super::super::message::Answer;
use super::super::shared::{GetError, Queue, Refused};
use super::super::{Descriptor, Envelope, envelope, function::Function, identity, parent_death};
use super::request::{RequestHead, ResponseHead};
use crate::park::Deadline;
use std::os::fd::AsFd;

/// The function for which a worker is started.
pub(in crate::process) static SERVE: Function = Function::new("a worker of a pool", serve);

/// Calls one function after the other, until there are no more requests.
fn serve(requests: Queue<()>, responses: Queue<()>, channel: Descriptor) {
    let channel = Channel::from_descriptor(channel.into_inner());
    if let Some(parent) = identity::parent_process()
        && let Err(why) = parent_death::end_with(parent)
    {
        panic!("no thread to monitor the parent with: {why}");
    }
    let mut bytes = Vec::new();
    while requests.get_bytes(&mut bytes, Deadline::NEVER).is_ok() {
        let answered = answer(&bytes, &channel);
        // A part of a failed message may lie in the socket, and would be taken for the next
        // message's.
        let has_come = answered.is_ok();
        let refused = |why| (Answer::ArgumentsRefused(why), Envelope::default());
        let (answer, value) = answered.unwrap_or_else(refused);
        let has_gone = respond(&responses, &channel, answer, value, &mut bytes);
        if !(has_come && has_gone) {
            return;
        }
    }
}

/// # Errors
/// When the request, or a file that belongs to it, has not arrived.
fn answer(request: &[u8], channel: &Channel) -> Result<(Answer, Envelope), String> {
    let (head, arguments) =
        envelope::decode_first::<RequestHead<'_>>(request).map_err(|why| why.to_string())?;
    let mut arguments = Envelope {
        bytes: arguments.to_vec(),
        descriptors: Vec::new(),
    };
    if head.descriptors > 0 {
        match channel.receive::<()>(true) {
            Ok(Some(((), envelope))) => arguments.descriptors = envelope.descriptors,
            Ok(None) => return Err("the files did not come along".to_owned()),
            Err(why) => return Err(why.to_string()),
        }
    }
    let function = super::super::function::named(head.function).map_err(|why| why.to_string())?;
    Ok(if head.is_for_each {
        function.call_each(arguments)
    } else {
        function.call_once_more(arguments)
    })
}

/// Returns whether all files of the value have been sent.
fn respond(
    responses: &Queue<()>,
    channel: &Channel,
    answer: Answer,
    value: Envelope,
    bytes: &mut Vec<u8>,
) -> bool {
    let descriptors: Vec<_> = value.descriptors.iter().map(AsFd::as_fd).collect();
    let (mut answer, mut has_gone) = (answer, true);
    if !descriptors.is_empty()
        && let Err(why) = channel.send(&(), &descriptors, &Envelope::default())
    {
        answer = Answer::ResultRefused(why.to_string());
        has_gone = false;
    }
    let is_value = matches!(answer, Answer::Returned);
    let mut put = |answer: Answer, value: &[u8]| {
        let head = ResponseHead {
            answer,
            descriptors: if is_value {
                descriptors.len() as u32
            } else {
                0
            },
        };
        bytes.clear();
        envelope::encode_into(&head, bytes).expect("nothing of the user's is in it");
        bytes.extend_from_slice(value);
        responses.put_bytes(bytes, Deadline::NEVER)
    };
    let why = match put(answer, if is_value { &value.bytes } else { &[] }) {
        Ok(()) | Err(Refused::ShutDown | Refused::Full) => return has_gone,
        Err(Refused::NoMemory(why)) => why.to_string(),
        Err(Refused::TooLong(why)) => why.to_string(),
        Err(Refused::Damaged) => GetError::Damaged.to_string(),
    };
    let _ = put(Answer::ResultRefused(why), &[]);
    has_gone
}
