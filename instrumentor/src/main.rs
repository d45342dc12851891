//! The `underspan` binary: arguments -> configuration -> agent -> wait -> drain.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use underspan::cli;

fn main() -> ExitCode {
    let arguments = cli::parse();
    let log = cli::default_log(&arguments);
    let environment = |name: &str| std::env::var(name).ok();
    match cli::resolve(arguments, &environment).and_then(|action| cli::act(action, &log)) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("underspan: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}
