//! The command `choreograph`. Everything it does is in its library.

use std::process::ExitCode;

fn main() -> ExitCode {
    choreograph_cli::main()
}
