//! [`Worker`]: a worker process, from the side of its thread.
//!
//! # Implementation
//!
//! Requests and answers are items of two queues in shared memory; the files that belong to them
//! take a socket beside the queues. When the process ends, the thread that learns of it
//! (`deaths.rs`) shuts down the queue of answers. The waiting thread then gets the answers that are
//! there, and after them the error. The worker has not begun a request that still lies in its queue
//! then.

use super::super::channel::{Channel, is_gone};
use super::super::message::Answer;
use super::super::shared::{GetError, Queue, Refused};
use super::super::{
    Child, ChildProcess, Descriptor, Envelope, Process, ProcessError, StartError, envelope,
};
use super::plan::Plan;
use super::request::{Request, RequestHead, ResponseHead, Why};
use super::serve::SERVE;
use crate::park::Deadline;
use std::os::fd::AsFd;

/// The result of a request.
pub(super) enum Reply {
    Answer(Answer, Envelope),
    /// The process ended before it answered.
    Died {
        has_begun: bool,
    },
}

pub(super) struct Worker {
    /// Present until it is waited for.
    child: Option<Child<()>>,
    requests: Queue<()>,
    responses: Queue<()>,
    channel: Channel,
    bytes: Vec<u8>,
    is_initialised: bool,
    tasks: usize,
}

impl Worker {
    /// Starts a process.
    pub(super) fn start(plan: &Plan) -> Result<Self, Why> {
        let (requests, responses) = (Queue::unbounded()?, Queue::unbounded()?);
        let (channel, theirs) = Channel::pair().map_err(StartError::System)?;
        let arguments = (
            requests.clone(),
            responses.clone(),
            Descriptor::from(theirs),
        );
        let child = Process::of(&SERVE, &arguments)
            .name(format!("{} worker", plan.name))
            .start()?;
        let worker = Self {
            child: Some(child),
            requests,
            responses,
            channel,
            bytes: Vec::new(),
            is_initialised: false,
            tasks: 0,
        };
        let added = plan.deaths.add(worker.process(), &worker.responses);
        if let Err(why) = added {
            worker.kill();
            return Err(StartError::System(why).into());
        }
        Ok(worker)
    }

    /// Has the worker initialise itself, unless it has.
    ///
    /// # Errors
    /// The result of a failed initialisation; the worker is unusable then.
    pub(super) fn initialise(&mut self, plan: &Plan) -> Result<(), Result<Reply, Why>> {
        if let Some(initializer) = plan.initializer.as_ref().filter(|_| !self.is_initialised) {
            match self.exchange(initializer) {
                Ok(Reply::Answer(Answer::Returned, _)) => self.tasks = 0,
                other => return Err(other),
            }
        }
        self.is_initialised = true;
        Ok(())
    }

    pub(super) fn process(&self) -> &ChildProcess {
        self.child.as_ref().expect("not waited for yet").process()
    }

    /// Whether it has answered as many requests as it may.
    pub(super) fn is_used_up(&self, plan: &Plan) -> bool {
        plan.max_tasks_per_child
            .is_some_and(|most| self.tasks >= most.get())
    }

    /// Whether it can take a request.
    pub(super) fn is_alive(&self) -> bool {
        self.process().is_alive()
    }

    /// Has the worker run `request`, and waits for the answer.
    ///
    /// # Errors
    /// When the request cannot be sent, or the answer cannot be read.
    pub(super) fn exchange(&mut self, request: &Request) -> Result<Reply, Why> {
        let descriptors: Vec<_> = request
            .arguments
            .descriptors
            .iter()
            .map(AsFd::as_fd)
            .collect();
        if !descriptors.is_empty()
            && let Err(why) = self.channel.send(&(), &descriptors, &Envelope::default())
        {
            // The worker is ending, or code in it has closed the socket. It has not got the request
            // yet, so another worker can take it.
            if is_gone(&why) && self.process().kill().is_ok() {
                return Ok(Reply::Died { has_begun: false });
            }
            return Err(why.into());
        }
        let head = RequestHead {
            function: request.function,
            is_for_each: request.is_for_each,
            descriptors: descriptors.len() as u32,
        };
        self.bytes.clear();
        envelope::encode_into(&head, &mut self.bytes)?;
        self.bytes.extend_from_slice(&request.arguments.bytes);
        match self.requests.put_bytes(&self.bytes, Deadline::NEVER) {
            Ok(()) => {}
            Err(Refused::NoMemory(why)) => return Err(why.into()),
            Err(Refused::TooLong(why)) => return Err(why.into()),
            Err(Refused::Damaged) => return Err(GetError::Damaged.into()),
            Err(Refused::ShutDown | Refused::Full) => {
                unreachable!("it has no bound, and is shut down by this thread")
            }
        }
        self.bytes.clear();
        match self.responses.get_bytes(&mut self.bytes, Deadline::NEVER) {
            Ok(()) => {}
            Err(GetError::ShutDown) => {
                return Ok(Reply::Died {
                    has_begun: self.requests.is_empty(),
                });
            }
            Err(why) => return Err(why.into()),
        }
        self.tasks += 1;
        let (head, value) = envelope::decode_first::<ResponseHead>(&self.bytes)?;
        let mut value = Envelope {
            bytes: value.to_vec(),
            descriptors: Vec::new(),
        };
        if head.descriptors > 0
            && let Some(((), envelope)) = self.channel.receive::<()>(true)?
        {
            value.descriptors = envelope.descriptors;
        }
        Ok(Reply::Answer(head.answer, value))
    }

    /// How a worker that died has ended.
    pub(super) fn how_it_ended(mut self) -> ProcessError {
        let child = self.child.take().expect("waited for once");
        let process = child.process().identity();
        match child.join() {
            Err(how) => how,
            Ok(()) => ProcessError::Exited { process, code: 0 },
        }
    }

    /// Ends the worker, even in the middle of a task.
    pub(super) fn kill(mut self) {
        if let Some(child) = self.child.take() {
            // Refused for a worker that has become another user's: it ends when it finds no more
            // requests.
            if child.kill().is_ok() {
                child.process().join();
            }
        }
    }
}

impl Drop for Worker {
    /// Lets the worker end, and waits for that.
    fn drop(&mut self) {
        self.requests.shutdown(false);
        if let Some(child) = self.child.take() {
            child.process().join();
        }
    }
}
