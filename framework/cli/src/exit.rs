//! What the exit codes of `choreograph` mean, in one place.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | it holds: nothing was found, nothing is stuck |
//! | 1 | findings: something is to be mended, and the output says what; or an instance is stuck: failed (and not given up), lost, stalled |
//! | 2 | wrong usage, or an input that cannot be read: the message names the file and the line |
//! | 3 | it could not come to an answer: a registry or an observer is away, an observer does not see enough to say that
//! | | nothing is stuck, a git ref is missing, nobody knows the id; the message says the fix |

use std::process::ExitCode;

/// How a run of the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// It holds: nothing was found.
    Holds = 0,
    /// Findings of severity `error`, or an instance that is stuck.
    Findings = 1,
    /// Wrong usage, or an input that cannot be read. Nothing was written.
    Usage = 2,
    /// It could not come to an answer, for a reason outside of its input.
    Incomplete = 3,
}

impl Exit {
    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn codes_are_what_the_documentation_says() {
        let codes = [Exit::Holds, Exit::Findings, Exit::Usage, Exit::Incomplete].map(Exit::code);
        assert_eq!(codes, [0, 1, 2, 3]);
    }
}
