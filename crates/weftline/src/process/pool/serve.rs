//! A worker process, as it sees itself.

use super::super::channel::Channel;
use super::super::message::Answer;
use super::super::shared::{Queue, Refused};
use super::super::{Descriptor, Parcel, entry, function::Function, identity, parcel};
use super::worker::{RequestHead, ResponseHead};
use crate::park::Deadline;
use std::os::fd::AsFd;

/// What a worker is started for.
pub(in crate::process) const SERVE: Function = Function::new("a worker of a pool", serve);

/// Calls one function after the other, until there are no more to come.
fn serve(requests: Queue<()>, responses: Queue<()>, channel: Descriptor) {
    let channel = Channel::from_descriptor(channel.into_inner());
    if let Some(parent) = identity::parent_process()
        && let Err(why) = entry::end_with(parent)
    {
        panic!("no thread to watch the parent with: {why}");
    }
    let mut bytes = Vec::new();
    while requests.get_bytes(&mut bytes, Deadline::NEVER).is_ok() {
        let (answer, value) = answer(&bytes, &channel);
        respond(&responses, &channel, answer, value, &mut bytes);
    }
}

fn answer(request: &[u8], channel: &Channel) -> (Answer, Parcel) {
    let refused = |why: String| (Answer::ArgumentsRefused(why), Parcel::default());
    let (head, arguments) = match parcel::decode_first::<RequestHead<'_>>(request) {
        Ok(decoded) => decoded,
        Err(why) => return refused(why.to_string()),
    };
    let mut arguments = Parcel {
        bytes: arguments.to_vec(),
        descriptors: Vec::new(),
    };
    if head.descriptors > 0 {
        match channel.receive::<()>(true) {
            Ok(Some(((), parcel))) => arguments.descriptors = parcel.descriptors,
            Ok(None) => return refused("the files did not come along".to_owned()),
            Err(why) => return refused(why.to_string()),
        }
    }
    match super::super::function::named(head.function) {
        Ok(function) if head.is_for_each => function.call_each(arguments),
        Ok(function) => function.call_once_more(arguments),
        Err(why) => refused(why.to_string()),
    }
}

fn respond(
    responses: &Queue<()>,
    channel: &Channel,
    answer: Answer,
    value: Parcel,
    bytes: &mut Vec<u8>,
) {
    let descriptors: Vec<_> = value.descriptors.iter().map(AsFd::as_fd).collect();
    let mut answer = answer;
    if !descriptors.is_empty()
        && let Err(why) = channel.send(&(), &descriptors, &Parcel::default())
    {
        answer = Answer::ResultRefused(why.to_string());
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
        parcel::encode_into(&head, bytes).expect("nothing of the user's is in it");
        bytes.extend_from_slice(value);
        responses.put_bytes(bytes, Deadline::NEVER)
    };
    match put(answer, if is_value { &value.bytes } else { &[] }) {
        Ok(()) | Err(Refused::ShutDown | Refused::Full) => {}
        Err(Refused::NoMemory(why)) => {
            let _ = put(Answer::ResultRefused(why.to_string()), &[]);
        }
    }
}
