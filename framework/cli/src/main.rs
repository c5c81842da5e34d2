//! The command `choreograph`. Everything it does is in its library.

use std::process::ExitCode;

/// Comparing schemas allocates a lot, and on two cores at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    choreograph_cli::main()
}
