//! The groups that a future tells when it settles.
//!
//! Under the future's lock, which runs no code from outside the core: [`add`] allocates and drops
//! nothing. Its caller allocates the room before, and drops the abandoned registrations after.

use super::group::RawGroup;
use crate::memory::Counted;

/// A registration with a group.
#[derive(Clone)]
pub(super) struct Registration {
    pub(super) group: Counted<RawGroup>,
    pub(super) index: usize,
}

/// The groups to tell. Behind a pointer: there are many futures, most of them have no group, and
/// few have more than one.
pub(super) type Registrations = Option<Box<Groups>>;

pub(super) struct Groups {
    pub(super) first: Registration,
    pub(super) others: Vec<Registration>,
}

impl Groups {
    pub(super) fn tell(self, failed: bool) {
        for registration in std::iter::once(self.first).chain(self.others) {
            registration.group.arrived(registration.index, failed);
        }
    }
}

/// Puts `place` in front of the registrations of groups that still wait. Returns the old place,
/// with the abandoned registrations, for a drop without the lock.
///
/// # Errors
/// `place` and the room that it needs, when it lacks room for the registrations that are there.
pub(super) fn add(
    registrations: &mut Registrations,
    mut place: Box<Groups>,
) -> Result<Registrations, (Box<Groups>, usize)> {
    let Some(mut old) = registrations.take() else {
        *registrations = Some(place);
        return Ok(None);
    };
    let needed = 1 + old.others.len();
    if place.others.capacity() < needed {
        *registrations = Some(old);
        return Err((place, needed));
    }
    let mut index = 0;
    while index < old.others.len() {
        if old.others[index].group.is_abandoned() {
            index += 1;
        } else {
            let kept = old.others.swap_remove(index);
            place.others.push(kept);
        }
    }
    if !old.first.group.is_abandoned() {
        place.others.push(old.first.clone());
    }
    *registrations = Some(place);
    Ok(Some(old))
}
