//! A test program whose process under watch is the program itself, started again.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// The process that was started again has this variable.
const AGAIN: &str = "WEFTLINE_TEST_AGAIN";

/// A test, with its name.
pub(crate) type Test = (&'static str, fn());

/// Runs `program` in the process that was started again, and the tests otherwise.
pub(crate) fn main(program: fn(), tests: &[Test]) {
    if std::env::var_os(AGAIN).is_some() {
        program();
        return;
    }
    // The harness asks for the list of tests. No test can run alone.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let many = tests.len();
    println!("\nrunning {many} tests");
    for (name, test) in tests {
        test();
        println!("test {name} ... ok");
    }
    println!("\ntest result: ok. {many} passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n");
}

/// The process that was started again. It is killed when this is dropped.
pub(crate) struct Again(pub(crate) Child);

impl Again {
    /// Starts the process, and returns once it has printed `ready`.
    pub(crate) fn start(environment: &[(&str, &str)]) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .env(AGAIN, "1")
            .env_remove("WEFTLINE_SIGNAL")
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts");
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Self(process)
    }
}

impl Drop for Again {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Prints `ready`, and ends the process when its standard input ends.
pub(crate) fn until_input_ends() -> ! {
    println!("ready");
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    std::process::exit(0);
}
