//! The common form of all inflated objects: their parts are in their `__dict__`, as those of the
//! standard library's objects are.
//!
//! An object begins compact, without a `__dict__`. It inflates, for good, when a program reaches
//! for one of its parts, for its `__dict__`, or for a copy or pickle of it. Its methods are the
//! standard library's from then on, over its parts. Each class implements [`Inflate`]; the code
//! that all of them share is here.
//!
//! | file | what it holds |
//! |---|---|
//! | `cell.rs` | the state of one object, and the claim of the thread that inflates it |
//! | `transition.rs` | the transition from compact to inflated |
//! | `dict.rs` | the `__dict__`, and the parts in it |
//! | `access.rs` | the program's access to them, which inflates |
//! | `class.rs` | what a subclass may bring along |
//! | `copying.rs` | copies and pickles |
//! | `methods.rs` | the Python methods that each of the classes has |

mod access;
mod cell;
mod class;
mod copying;
mod dict;
mod methods;
mod transition;

pub(crate) use access::{assign, assign_part, delete_part, dict, set_dict};
pub(crate) use cell::Cell;
pub(crate) use class::{is_overridden, see_to_dict};
pub(crate) use copying::{rebuild, reduce, state};
pub(crate) use dict::{has_own, names, part, raw_dict, set_part, weakref};
pub(crate) use methods::{attribute_methods, dict_methods, setters_of_parts};
pub(crate) use transition::{Draft, Inflate, Parts, inflate};
