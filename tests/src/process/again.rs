//! A test that starts itself as another process.

use std::env;
use std::io;
use std::process::Command;

/// Not `CHOREOGRAPH_…`: a service refuses settings that it does not know.
const ROLE: &str = "TEST_ROLE";

/// The command that runs the test `name` of this test binary again, in `role`.
///
/// `name` is the test's full path, as `cargo test` prints it. The test asks [`role`] first and does the other
/// process's work when there is one.
///
/// # Errors
///
/// When the path of the running binary cannot be told.
///
/// # Examples
///
/// ```no_run
/// use choreograph_tests::process::{self, Service};
///
/// // #[test]
/// fn a_child_is_killed() {
///     if let Some(role) = process::role() {
///         println!("the {role} works");
///         return;
///     }
///     let command = process::this_test("a_child_is_killed", "worker").expect("the path of this binary");
///     let worker = Service::start("worker", command).expect("a process");
///     drop(worker);
/// }
/// ```
pub fn this_test(name: &str, role: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([name, "--exact", "--nocapture", "--include-ignored"]).env(ROLE, role);
    Ok(command)
}

/// The role in which this process was started by [`this_test`]; `None` in the test itself.
pub fn role() -> Option<String> {
    env::var(ROLE).ok()
}
