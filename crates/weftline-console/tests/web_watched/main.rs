//! `weftline web` of a program that measures its waits, is recorded, and ends.
//!
//! A program of its own: the process under watch is this program again.
//!
//! | file | what it holds |
//! |---|---|
//! | `program.rs` | the process under watch |
//! | `recordings.rs` | its recordings |
//! | `ended.rs` | its waits that have ended, and its end |

#[cfg(target_os = "linux")]
#[path = "../support/again.rs"]
mod again;
#[cfg(target_os = "linux")]
#[path = "../web/client.rs"]
mod client;
#[cfg(target_os = "linux")]
mod ended;
#[cfg(target_os = "linux")]
mod program;
#[cfg(target_os = "linux")]
mod recordings;
#[cfg(target_os = "linux")]
#[path = "../record/wire.rs"]
mod wire;

#[cfg(target_os = "linux")]
fn main() {
    let tests: [again::Test; 6] = [
        ("ended_waits_are_told", ended::ended_waits_are_told),
        (
            "the_end_of_a_process_is_told_and_its_last_state_is_kept",
            ended::the_end_of_a_process_is_told_and_its_last_state_is_kept,
        ),
        (
            "a_recording_is_a_whole_trace",
            recordings::a_recording_is_a_whole_trace,
        ),
        (
            "there_is_one_recording_until_its_client_goes",
            recordings::there_is_one_recording_until_its_client_goes,
        ),
        (
            "the_end_of_the_process_ends_a_recording",
            recordings::the_end_of_the_process_ends_a_recording,
        ),
        (
            "the_end_of_the_command_ends_a_recording",
            recordings::the_end_of_the_command_ends_a_recording,
        ),
    ];
    again::main(program::run, &tests);
}

#[cfg(not(target_os = "linux"))]
fn main() {}
