//! [`Deaths`]: the thread that learns of the end of workers.
//!
//! # Implementation
//!
//! There is a thread while there are workers. It sleeps in the kernel until a process ends, for
//! which nobody has to wake it when another is to be watched (`epoll`), and shuts down the queue of
//! that worker's answers.

use super::super::ChildProcess;
use super::super::descriptor::above_streams;
use super::super::shared::Queue;
use crate::Lock;
use crate::thread::spawn_servant;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

#[derive(Default)]
pub(super) struct Deaths(Arc<Lock<Watched>>);

#[derive(Default)]
struct Watched {
    /// While there is a thread.
    epoll: Option<Arc<OwnedFd>>,
    next: u64,
    workers: HashMap<u64, (OwnedFd, Queue<()>)>,
}

impl Deaths {
    /// Has `responses` shut down when the process has ended.
    pub(super) fn watch(&self, process: &ChildProcess, responses: &Queue<()>) -> io::Result<()> {
        let sentinel = process.sentinel().try_clone_to_owned()?;
        let mut watched = self.0.lock();
        let epoll = match &watched.epoll {
            Some(epoll) => Arc::clone(epoll),
            None => {
                let epoll = epoll::create(CreateFlags::CLOEXEC)?;
                let epoll = Arc::new(above_streams(epoll)?);
                let (theirs, all) = (Arc::clone(&epoll), Arc::clone(&self.0));
                spawn_servant("weftline-pool", move || learn(&theirs, &all))?;
                watched.epoll = Some(Arc::clone(&epoll));
                epoll
            }
        };
        let number = watched.next;
        watched.next += 1;
        let added = epoll::add(
            &*epoll,
            sentinel.as_fd(),
            EventData::new_u64(number),
            EventFlags::IN,
        );
        added?;
        watched
            .workers
            .insert(number, (sentinel, responses.clone()));
        Ok(())
    }
}

fn learn(epoll: &OwnedFd, all: &Lock<Watched>) {
    let mut events = Vec::with_capacity(16);
    loop {
        match epoll::wait(epoll, rustix::buffer::spare_capacity(&mut events), None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(why) => panic!("the system cannot wait for processes: {why}"),
        }
        for event in events.drain(..) {
            let mut watched = all.lock();
            if let Some((sentinel, responses)) = watched.workers.remove(&event.data.u64()) {
                let _ = epoll::delete(epoll, &sentinel);
                responses.shutdown(false);
            }
            if watched.workers.is_empty() {
                watched.epoll = None;
                return;
            }
        }
    }
}
