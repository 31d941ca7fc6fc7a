//! The command, for Rust programs. The Python package has the same one, which also runs programs.

use std::process::ExitCode;

fn main() -> ExitCode {
    weftline_console::main(std::env::args_os().skip(1)).into()
}
