//! The `bomvet` program: arguments in, exit code out. Everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    bomvet::cli::run(std::env::args_os())
}
