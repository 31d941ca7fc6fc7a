//! `weftline web`: a page that shows what the threads of a process wait for, while it runs.
//!
//! | file | what it holds |
//! |---|---|
//! | `command.rs` | the command line, and the life of the server |
//! | `poller.rs` | asks the process while a page is open |
//! | `content.rs` | what the page shows of an answer, in parts |
//! | `rows.rs`, `index.rs` | the rows of its tables |
//! | `verdicts.rs` | what is wrong, in words |
//! | `history.rs` | the numbers over time |
//! | `ended.rs` | the waits that have ended, where the process counts them |
//! | `state.rs` | which parts changed when |
//! | `feed.rs` | the streams that wait for a change |
//! | `server.rs` | the connections |
//! | `recording.rs` | a timeline, as a download |
//! | `http.rs`, `door.rs`, `token.rs` | requests, and which of them are answered |
//! | `page.rs`, `page/` | the page: one file with its style and its scripts |
//!
//! # Implementation
//!
//! The page is a picture of the state, of which a browser has a copy. An event (server-sent events)
//! has what changed since the one before: parts, rows and stacks. Durations are not sent, but the
//! moments at which waits began. So a process in which nothing changes sends some 200 bytes twice a
//! second, however many threads it has.
//!
//! The picture is drawn here, by `picture/`, in a form without durations, which the page fills in.
//! A layout in the page would be a second one. A page that has the same picture as before leaves it
//! alone, so nothing moves that has not changed.
//!
//! All text of the process is data: the page sets it as text, and the picture escapes it. The
//! policy of the page allows its own script alone.

mod command;
mod content;
mod door;
mod ended;
mod feed;
mod history;
mod http;
mod index;
mod page;
mod poller;
mod recording;
mod rows;
mod server;
mod state;
mod token;
mod verdicts;

pub(crate) use command::web;
