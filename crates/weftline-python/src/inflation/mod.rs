//! Inflation: how an object moves its state into its `__dict__`, where the standard library has it,
//! and stays there.
//!
//! An object begins compact, without a `__dict__`. It inflates, for good, when a program reaches
//! for one of its parts, for its `__dict__`, or for a copy or pickle of it. Its methods are the
//! standard library's from then on, over its parts. Each class implements [`Inflate`]; the code
//! that all of them share is here.
//!
//! | word | meaning |
//! |---|---|
//! | part | an attribute that the standard library's object has in its `__dict__`: `_cond`, `mutex` |
//! | draft | what the inflating thread creates beforehand: the parts, the kept object, the content |
//! | kept | the object that the cell refers to beside the parts: the condition that is the core's forwarding target |
//! | content | the state of the compact object for which a draft was made: if it changes, the draft is void |
//! | forwarded | the core's object refuses every later call, and so sends it to the inflated form |
//! | left | what the core's object had and gives up when it is forwarded |
//!
//! | file | what it holds |
//! |---|---|
//! | `cell.rs` | the state of one object, and the claim of the thread that inflates it |
//! | `transition.rs` | the steps of the transition from compact to inflated, and its effect on waiters |
//! | `dict.rs` | the `__dict__`, and the parts in it |
//! | `access.rs` | the program's access to both |
//! | `class.rs` | what a subclass may define |
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
pub(crate) use class::{ensure_dict_getter, is_overridden, names_of};
pub(crate) use copying::{rebuild, reduce, state};
pub(crate) use dict::{has_own, names, part, raw_dict, set_part, weakref};
pub(crate) use methods::{attribute_methods, dict_methods, setters_of_parts};
pub(crate) use transition::{Draft, Inflate, Parts, inflate};
