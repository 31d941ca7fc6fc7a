//! [`Service`]: an owner of threads, and what a thread holds of it.

use crate::memory::Counted;
use crate::park::{ForgetWaiters, ListLock};

/// An owner of threads that wait for work until it announces that there will be no more: a pool.
pub(crate) trait Service: Send + Sync {
    /// Takes no more work. Its threads end when they have done the work that is there.
    fn finish(&self);
}

/// The service that a thread belongs to, until its work there is done.
pub(super) struct Serves(ListLock<Owner>);

struct Owner(Option<Counted<dyn Service>>);

impl ForgetWaiters for Owner {
    fn forget_waiters(&mut self, torn: bool) {
        if torn {
            // A thread of the parent was about to take it.
            std::mem::forget(self.0.take());
        }
    }
}

impl Serves {
    pub(super) fn new(service: Option<Counted<dyn Service>>) -> Self {
        Self(ListLock::new(Owner(service)))
    }

    pub(super) fn service(&self) -> Option<Counted<dyn Service>> {
        self.0.lock().0.clone()
    }

    /// The work is done. The service may be dropped here, without the lock.
    pub(super) fn end(&self) {
        let service = self.0.lock().0.take();
        drop(service);
    }
}
