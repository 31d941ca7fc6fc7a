//! [`Deaths`]: the thread that learns of the end of workers.
//!
//! # Implementation
//!
//! The thread exists while there are workers. It sleeps in the kernel until a process ends, and
//! then shuts down the queue of that worker's answers. The sleep is an `epoll`, so a new worker is
//! added without waking the thread.

use super::super::ChildProcess;
use super::super::descriptor::above_streams;
use super::super::shared::Queue;
use crate::sync::Lock;
use crate::thread::spawn_servant;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

#[derive(Default)]
pub(super) struct Deaths(Arc<Lock<Workers>>);

#[derive(Default)]
struct Workers {
    /// Present while there is a thread.
    epoll: Option<Arc<OwnedFd>>,
    next: u64,
    by_number: HashMap<u64, (OwnedFd, Queue<()>)>,
}

impl Deaths {
    /// Has `responses` shut down when the process has ended.
    pub(super) fn add(&self, process: &ChildProcess, responses: &Queue<()>) -> io::Result<()> {
        let sentinel = process.sentinel().try_clone_to_owned()?;
        let mut workers = self.0.lock();
        let epoll = match &workers.epoll {
            Some(epoll) => Arc::clone(epoll),
            None => {
                let epoll = epoll::create(CreateFlags::CLOEXEC)?;
                let epoll = Arc::new(above_streams(epoll)?);
                let (theirs, all) = (Arc::clone(&epoll), Arc::clone(&self.0));
                spawn_servant("weftline-pool", move || learn(&theirs, &all))?;
                workers.epoll = Some(Arc::clone(&epoll));
                epoll
            }
        };
        let number = workers.next;
        workers.next += 1;
        let added = epoll::add(
            &*epoll,
            sentinel.as_fd(),
            EventData::new_u64(number),
            EventFlags::IN,
        );
        added?;
        workers
            .by_number
            .insert(number, (sentinel, responses.clone()));
        Ok(())
    }
}

fn learn(epoll: &OwnedFd, all: &Lock<Workers>) {
    let mut events = Vec::with_capacity(16);
    loop {
        match epoll::wait(epoll, rustix::buffer::spare_capacity(&mut events), None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(why) => panic!("the system cannot wait for processes: {why}"),
        }
        for event in events.drain(..) {
            let mut workers = all.lock();
            if let Some((sentinel, responses)) = workers.by_number.remove(&event.data.u64()) {
                let _ = epoll::delete(epoll, &sentinel);
                responses.shutdown(false);
            }
            if workers.by_number.is_empty() {
                workers.epoll = None;
                return;
            }
        }
    }
}
