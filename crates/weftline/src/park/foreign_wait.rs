//! A wait that another library does, shown in reports: an interpreter's own join of a thread.

use super::blocked::{Begun, Blocked, Shown, Wait};
use super::blocked_on::Marks;
use super::deadline::Since;
use super::look::{Copied, ObjectState};
use super::reports::number_of;
use super::stir::lasts;
use super::{Deadline, Kind, Signals, Site, try_current_record};
use crate::memory::try_box;
use std::ptr;

/// Shows the calling thread as one that waits for the end of a thread, until it is dropped.
///
/// The waits of a thread are nested, so it is dropped on that thread, and after those that began
/// later. In the meantime the thread may run other code and wait for other objects.
pub struct ForeignWait {
    // Dropped in this order: the end of one refers to the next.
    shown: Option<Shown<'static>>,
    begun: Option<Begun<'static>>,
    wait: *mut Wait,
}

impl ForeignWait {
    /// The wait for the thread with that identifier (`pthread_self`), at `site`. `None` without
    /// memory for it: then no report shows it.
    #[must_use]
    pub fn for_thread(os_ident: u64, site: Site) -> Option<Self> {
        let on = Kind::Thread.of_ident(os_ident, thread_of_ident);
        let marks = Marks {
            answers: false,
            ends: true,
            signals: Signals::OnAnyThread,
        };
        let blocked: &'static Blocked = &try_current_record()?.parker.blocked;
        let wait = try_box(Wait::new(on, 0, Since::UNKNOWN, Deadline::NEVER, marks)).ok()?;
        wait.set_site(site);
        let wait = Box::into_raw(wait);
        // SAFETY: freed by the drop, after both guards.
        let begun = unsafe { &*wait }.begin(blocked);
        Some(Self {
            shown: blocked.show(),
            begun: Some(begun),
            wait,
        })
    }

    /// Looks for a deadlock of the calling thread: called when the wait has lasted for 1 s, 2 s,
    /// 4 s and so on. `true` ends the wait.
    #[must_use]
    pub fn lasts(&self) -> bool {
        lasts()
    }
}

impl Drop for ForeignWait {
    fn drop(&mut self) {
        self.shown = None;
        self.begun = None;
        // SAFETY: made by `for_thread`. No guard refers to it any more.
        drop(unsafe { Box::from_raw(ptr::replace(&raw mut self.wait, ptr::null_mut())) });
    }
}

fn thread_of_ident(ident: &Copied) -> Option<ObjectState> {
    let number = number_of(ident.address as u64)?;
    Some(ObjectState::Thread { number })
}
