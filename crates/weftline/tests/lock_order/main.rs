//! The order of locks. In a process of its own: the order is one of the whole process.

mod identity;
mod inversions;
mod periods;
mod rwlocks;
mod signals;
mod watched_locks;
